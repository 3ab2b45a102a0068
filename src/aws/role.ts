import { RankerError } from '../errors.ts'
import type { Api } from './api.ts'
import { found } from './failures.ts'
import { canonical, isOurs } from './names.ts'
import { join, type Plan, step } from './plan.ts'
import { addressIn, type Scope, scopeTags } from './scope.ts'
import { readTemplate, substitute } from './template.ts'

const POLICY_NAME = 'ranker'

/** The execution role as it is in the account. */
export interface ExistingRole {
  readonly policy: unknown
  readonly ours: boolean
}

/** Looks up the role, if it is ours to make. */
export async function lookForRole(scope: Scope, api: Api): Promise<ExistingRole | undefined> {
  const { name: RoleName, made } = scope.role
  if (!made) return undefined
  const there = await found(api.call('iam:GetRole', { RoleName }))
  if (!there) return undefined
  const policy = await found(api.call('iam:GetRolePolicy', { RoleName, PolicyName: POLICY_NAME }))
  return {
    policy: policy && JSON.parse(decodeURIComponent(policy.PolicyDocument!)),
    ours: isOurs(there.Role?.Tags),
  }
}

/**
 * Makes the role that jobs and endpoints run under, with the rights of infrastructure/iam/execution.json and no others.
 * @throws {RankerError} NAME_TAKEN where somebody else's has the name
 */
export function planRole(scope: Scope, existing: ExistingRole | undefined): Plan {
  const { name: RoleName, made } = scope.role
  if (!made) return { steps: [], kept: [] }
  addressIn(scope)
  if (existing && !existing.ours)
    throw new RankerError('NAME_TAKEN', {
      what: `role ${RoleName}`,
      fix: `--role ${RoleName} runs under it as it is; another --name makes another one`,
    })
  const role: Plan = existing
    ? { steps: [], kept: [`role ${RoleName}`] }
    : {
        steps: [
          step('+', `role ${RoleName}`, 'iam:CreateRole', {
            RoleName,
            AssumeRolePolicyDocument: JSON.stringify(
              substitute(readTemplate('iam/trust-sagemaker.json'), { Account: scope.account }),
            ),
            Description: `SageMaker jobs and endpoints of ${scope.name}`,
            Tags: scopeTags(scope),
          }),
        ],
        kept: [],
      }
  const policy = executionPolicy(scope)
  if (existing && canonical(existing.policy) === canonical(policy)) return role
  return join(role, {
    steps: [
      step(existing?.policy ? '~' : '+', `policy ${POLICY_NAME} of role ${RoleName}`, 'iam:PutRolePolicy', {
        RoleName,
        PolicyName: POLICY_NAME,
        PolicyDocument: JSON.stringify(policy),
      }),
    ],
    kept: [],
  })
}

interface Policy {
  readonly Version: string
  readonly Statement: readonly object[]
}

/** The rights of the role: those of a key and of a VPC only where there is one. */
function executionPolicy(scope: Scope): Policy {
  const { partition, region, account, bucket, repository, kmsKey, vpc } = scope
  const names = [
    'execution.json',
    ...(kmsKey === undefined ? [] : ['execution-key.json']),
    ...(vpc === undefined ? [] : ['execution-network.json']),
  ]
  const Statement = names.flatMap((name) => readTemplate<Policy>(`iam/${name}`).Statement)
  return substitute(
    { Version: '2012-10-17', Statement },
    {
      Partition: partition,
      Region: region,
      Account: account,
      Bucket: bucket!,
      Repository: repository,
      ...(kmsKey !== undefined && { Key: keyArn(scope, kmsKey) }),
    },
  )
}

/** @throws {RankerError} BAD_CONFIG for an alias, which no policy can name. */
function keyArn({ partition, region, account }: Scope, key: string): string {
  if (/^(arn:.*:)?alias\//.test(key))
    throw new RankerError('BAD_CONFIG', {
      where: 'kmsKey',
      reason: `it is the alias ${key}: wanted the key's id or ARN, which the policy of the role has to name`,
    })
  return key.startsWith('arn:') ? key : `arn:${partition}:kms:${region}:${account}:key/${key}`
}

/** Removes the role, where it was made by us. */
export async function planRoleRemoval(scope: Scope, api: Api | undefined): Promise<Plan> {
  const { name: RoleName, made } = scope.role
  if (!made) return { steps: [], kept: [`role ${RoleName} (not made here)`] }
  const there = api ? await lookForRole(scope, api) : { policy: true, ours: true }
  if (!there) return { steps: [], kept: [] }
  if (!there.ours) return { steps: [], kept: [`role ${RoleName} (not made here)`] }
  const policy = step('-', `policy ${POLICY_NAME} of role ${RoleName}`, 'iam:DeleteRolePolicy', {
    RoleName,
    PolicyName: POLICY_NAME,
  })
  const role = step('-', `role ${RoleName}`, 'iam:DeleteRole', { RoleName })
  return { steps: there.policy ? [policy, role] : [role], kept: [] }
}
