import { TrainingThread } from '../training/training-thread.ts'
import type { Command } from './command.ts'

export const trainCommand: Command = {
  name: 'train',
  summary: 'learn a ranker from judged rows and export it to ONNX',
  help: async () => (await import('./train-help.ts')).trainHelp(),
  async run(argv, io) {
    // libgomp reads it once, as it loads: threads that wait must not spin on shared cores.
    process.env.OMP_WAIT_POLICY ??= 'PASSIVE'
    // Each of the two threads has a hundred modules to load: they do it at the same time.
    const thread = new TrainingThread(io.env)
    try {
      const { runTraining } = await import('./train-job.ts')
      return await runTraining(argv, io, thread)
    } finally {
      await thread.close()
    }
  },
}
