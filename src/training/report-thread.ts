import { parentPort } from 'node:worker_threads'
import { renderReport } from '../report/report.ts'
import type { ReportData } from '../report/report-data.ts'

// The thread that draws the report: it is given the data once, and gives the page.
parentPort?.once('message', (data: ReportData) => parentPort!.postMessage(renderReport(data)))
