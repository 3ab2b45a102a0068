import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { readFifo } from '../../src/storage/fifo.ts'
import { checkWritable, readChunks } from '../../src/storage/files.ts'
import { type Chunks, gunzip } from '../../src/storage/gunzip.ts'
import { RandomAccessFile } from '../../src/storage/random-access.ts'

async function readAll(chunks: Chunks): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk.slice())
  return Buffer.concat(all)
}

/** Chunks in one buffer, as readers of files give them. */
function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  const buffer = new Uint8Array(Math.max(...sizes) + 1)
  for (let at = 0, chunk = 0; at < bytes.length; chunk++) {
    const part = bytes.subarray(at, at + sizes[chunk % sizes.length]! + 1)
    buffer.set(part)
    yield buffer.subarray(0, part.length)
    at += part.length
  }
}

t.test('gzip or not, in any number of members and chunks, the bytes are the same', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(40), { minLength: 1 }),
      fc.boolean(),
      async (members, sizes, isPacked) => {
        const plain = Buffer.concat(members)
        if (!isPacked && plain[0] === 0x1f && plain[1] === 0x8b) return
        const bytes = isPacked ? Buffer.concat(members.map((member) => gzipSync(member))) : plain
        t.ok((await readAll(gunzip('x', cut(bytes, sizes)))).equals(plain))
      },
    ),
    { numRuns: 100 },
  )
  const large = Buffer.alloc(20_000_000, 'a line of text\n')
  t.ok((await readAll(gunzip('x', cut(gzipSync(large), [1 << 16])))).equals(large))
})

t.test(
  'gzip: what is wrong with the source is not taken for damage, and a reader may leave early',
  async (t) => {
    const bytes = gzipSync(Buffer.alloc(1_000_000, 'x'))
    const breaking = function* () {
      yield bytes.subarray(0, 100)
      throw new Error('the disk is gone')
    }
    await t.rejects(readAll(gunzip('x', breaking())), { message: 'the disk is gone' })
    let isClosed = false
    const source = function* () {
      try {
        for (;;) yield bytes
      } finally {
        isClosed = true
      }
    }
    for await (const chunk of gunzip('x', source())) if (chunk.length > 0) break
    t.ok(isClosed)
  },
)

t.test('a FIFO is waited for, and not for ever', async (t) => {
  const folder = t.testdir({ plain: 'abc' })
  const fifo = join(folder, 'fifo')
  await t.rejects(readAll(readFifo(fifo, 120)), {
    code: 'PIPE_SILENT',
    message: /fifo \(Pipe mode\) did not appear within 1 second/,
  })
  execFileSync('mkfifo', [fifo])
  await t.rejects(readAll(readFifo(fifo, 120)), {
    code: 'PIPE_SILENT',
    message: /gave no data within 1 second/,
  })
  // A writer that opens, waits, and writes in two parts.
  const writer = spawn('sh', [
    '-c',
    `exec > ${fifo}; sleep 0.1; printf 1; sleep 0.1; head -c 300000 /dev/zero`,
  ])
  const exited = once(writer, 'exit')
  t.equal((await readAll(readFifo(fifo, 5000))).length, 300_001)
  await exited
  t.equal((await readAll(readFifo(join(folder, 'plain'), 100))).toString(), 'abc')
})

t.test('a copy of what can be read once leaves no file behind', async (t) => {
  const folder = t.testdir({})
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251))
  const copy = await RandomAccessFile.spool(cut(bytes, [999]), folder)
  t.same(readdirSync(folder), [])
  for (let time = 0; time < 2; time++)
    t.ok((await readAll(copy.chunks(777))).equals(bytes), 'as often as one likes')
  t.equal(copy.byteLength, bytes.length)
  t.ok(Buffer.from(copy.slice(5000, 70_000)).equals(bytes.subarray(5000, 70_000)))
  t.equal(copy.slice(99_990).byteLength, 10)
  t.equal(copy.slice(99_990, 200_000).byteLength, 10)
  copy.close()
  copy.close()
  t.throws(() => copy.slice(0, 1), /closed/)
  await t.rejects(RandomAccessFile.spool([bytes], join(folder, 'gone')), { code: 'WRITE_FAILED' })
})

t.test('a file that cannot be read is named', async (t) => {
  const folder = t.testdir({})
  t.throws(() => [...readChunks(join(folder, 'gone'))], {
    code: 'INPUT_UNREADABLE',
    message: /gone cannot be read: no such file or directory \(ENOENT\)$/,
  })
  t.throws(() => [...readChunks(folder)], {
    code: 'INPUT_UNREADABLE',
    message: /: illegal operation on a directory \(EISDIR\)$/,
  })
  writeFileSync(join(folder, 'a'), 'x')
  t.throws(() => RandomAccessFile.open(join(folder, 'a/b')), {
    code: 'INPUT_UNREADABLE',
    message: /: not a directory \(ENOTDIR\)$/,
  })
})

t.test('a folder is made with those above it, or what keeps it from being made is said', async (t) => {
  const folder = t.testdir({ file: '' })
  checkWritable(join(folder, 'a/b/c'))
  checkWritable(join(folder, 'a/b/c'))
  t.ok(existsSync(join(folder, 'a/b/c')))
  t.throws(() => checkWritable(join(folder, 'file/a')), { message: /: not a directory \(ENOTDIR\)$/ })
  // The system neither has it nor makes it, which Node's own way to make folders would ask for ever.
  t.throws(() => checkWritable('/proc/a/b'), {
    code: 'WRITE_FAILED',
    message: /^cannot write \/proc\/a\/b: no such/,
  })
})
