import { totalmem } from 'node:os'
import t from 'tap'
import { memoryOfContainer } from '../../src/storage/memory.ts'
import { writeTree } from '../helpers/command.ts'
import { emptyFolder } from '../helpers/model.ts'

const MEBIBYTE = 1 << 20

/** The memory as it is seen where the kernel's files say this. */
function seen(t: Parameters<typeof emptyFolder>[0], files: Record<string, string>) {
  const root = emptyFolder(t)
  writeTree(root, files)
  return memoryOfContainer(root)
}

t.test('the limit is that of the tightest cgroup around the process, version 2 or 1', async (t) => {
  const two = seen(t, {
    'proc/self/cgroup': '0::/pod/box\n',
    'sys/fs/cgroup/memory.max': 'max\n',
    'sys/fs/cgroup/pod/memory.max': `${512 * MEBIBYTE}\n`,
    'sys/fs/cgroup/pod/memory.current': `${200 * MEBIBYTE}\n`,
    'sys/fs/cgroup/pod/memory.stat': `anon 1\ninactive_file ${50 * MEBIBYTE}\n`,
    'sys/fs/cgroup/pod/box/memory.max': `${1024 * MEBIBYTE}\n`,
    'sys/fs/cgroup/pod/box/memory.current': '1\n',
  })
  t.equal(two.limit, 512 * MEBIBYTE)
  t.equal(two.used(), 150 * MEBIBYTE, 'without the files that the kernel drops first')

  const one = seen(t, {
    'proc/self/cgroup': '5:cpu:/x\n4:memory:/docker/abc\n',
    // Inside of a container its own folder is the root.
    'sys/fs/cgroup/memory/memory.limit_in_bytes': `${256 * MEBIBYTE}\n`,
    'sys/fs/cgroup/memory/memory.usage_in_bytes': `${100 * MEBIBYTE}\n`,
    'sys/fs/cgroup/memory/memory.stat': `inactive_file 7\ntotal_inactive_file ${10 * MEBIBYTE}\n`,
  })
  t.equal(one.limit, 256 * MEBIBYTE)
  t.equal(one.used(), 90 * MEBIBYTE)
})

t.test('without a limit it is the memory of the machine', async (t) => {
  const none = seen(t, {
    'proc/self/cgroup': '0::/\n',
    'proc/meminfo': 'MemTotal: 9 kB\nMemAvailable:    1024 kB\n',
  })
  t.equal(none.limit, totalmem())
  t.equal(none.used(), totalmem() - MEBIBYTE)
  const wide = {
    'proc/self/cgroup': '4:memory:/\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
  }
  t.equal(seen(t, wide).limit, totalmem(), "cgroup 1's word for none")
})
