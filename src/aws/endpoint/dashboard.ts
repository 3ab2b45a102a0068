import type { PutDashboardCommandInput } from '@aws-sdk/client-cloudwatch'
import { MANAGED } from '../names.ts'
import { readTemplate, substitute } from '../template.ts'

/** PutDashboard: infrastructure/dashboard.json for one endpoint. */
export function dashboardRequest(endpoint: string, region: string): PutDashboardCommandInput {
  const body = substitute(readTemplate('dashboard.json'), {
    Endpoint: endpoint,
    Region: region,
    Variant: 'A',
  })
  return { DashboardName: endpoint, DashboardBody: JSON.stringify(body) }
}

/** Dashboards cannot have tags: a line of text on ours says that it is ours. */
export const isOurDashboard = (body: string): boolean => body.includes(`${MANAGED.Key}=${MANAGED.Value}`)
