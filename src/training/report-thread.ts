import { parentPort } from 'node:worker_threads'
import { renderReport } from '../report/report.ts'
import type { ReportData } from '../report/report-data.ts'

// The thread that draws reports: it is given the data of one, and gives the page.
parentPort?.on('message', (data: ReportData) => parentPort!.postMessage(renderReport(data)))
