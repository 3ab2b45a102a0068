import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { MAGIC } from './frames.ts'

/** What a record's label holds: numbers by key. */
export type RecordLabel = Readonly<Record<string, ArrayLike<number>>>

/**
 * Writes records of SageMaker's recordio-protobuf, each with a label of float32 tensors and, where it has one, a uid: the
 * form in which AWS's own XGBoost container answers. See `frames.ts` for the frames and `table.ts` for what
 * is in them.
 */
export function writeRecords(
  records: Iterable<{ readonly label: RecordLabel; readonly uid?: string }>,
): Buffer {
  return Buffer.concat(Array.from(records, ({ label, uid }) => frame(encode(label, uid))))
}

/** Writes records that hold only a score, label["score"]: they differ in its four bytes alone. */
export function writeScoreRecords(scores: ArrayLike<number>): Buffer {
  const payload = encode({ score: [0] }, undefined)
  const record = frame(payload)
  const bytes = Buffer.alloc(scores.length * record.length, record)
  const last = FRAME_HEAD + payload.length - Float32Array.BYTES_PER_ELEMENT
  for (let index = 0; index < scores.length; index++) {
    bytes.writeFloatLE(scores[index]!, index * record.length + last)
  }
  return bytes
}

/** Bytes before a payload: the magic number and its length. */
const FRAME_HEAD = 8

function frame(payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(FRAME_HEAD + payload.length + (-payload.length & 3))
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt32LE(payload.length, 4)
  bytes.set(payload, FRAME_HEAD)
  return bytes
}

/** `Record { map<string, Value> label = 2; string uid = 3; }`, `Value { Float32Tensor float32_tensor = 2; }`. */
function encode(label: RecordLabel, uid: string | undefined): Uint8Array {
  const record = new BinaryWriter()
  for (const [key, values] of Object.entries(label)) {
    record.tag(2, WireType.LengthDelimited).fork()
    record.tag(1, WireType.LengthDelimited).string(key)
    record.tag(2, WireType.LengthDelimited).fork()
    record.tag(2, WireType.LengthDelimited).fork()
    record.tag(1, WireType.LengthDelimited).fork()
    for (let index = 0; index < values.length; index++) record.float(values[index]!)
    record.join().join().join().join()
  }
  if (uid !== undefined) record.tag(3, WireType.LengthDelimited).string(uid)
  return record.finish()
}
