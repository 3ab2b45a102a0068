// Docker's health check, in an image without curl: exit code 0 when the server in this container is ready.
const port = process.env.SAGEMAKER_BIND_TO_PORT || process.env.PORT || '8080'
const { ok } = await fetch(`http://127.0.0.1:${port}/ping`, { signal: AbortSignal.timeout(2500) }).catch(
  () => ({ ok: false }),
)
process.exitCode = ok ? 0 : 1
