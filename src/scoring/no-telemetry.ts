/**
 * ONNX Runtime reports its use to its makers over the network and keeps a database for that in the user's home. A
 * server that promises to write nothing and to call nobody has it turned off; whoever wants it sets the variable to 0.
 * Imported before the library, which looks once.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1'
