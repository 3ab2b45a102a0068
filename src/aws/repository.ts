import type { Api } from './api.ts'
import { found } from './failures.ts'
import { make, type Plan } from './plan.ts'
import { type Scope, scopeTags } from './scope.ts'

/** Makes the repository of the image where it is not there: encrypted, scanned at each push. */
export async function planRepository(scope: Scope, api: Api | undefined): Promise<Plan> {
  const { repository, kmsKey } = scope
  const there =
    api !== undefined &&
    (await found(api.call('ecr:DescribeRepositories', { repositoryNames: [repository] }))) !== undefined
  return make(`repository ${repository}`, there, 'ecr:CreateRepository', {
    repositoryName: repository,
    imageScanningConfiguration: { scanOnPush: true },
    encryptionConfiguration:
      kmsKey === undefined ? { encryptionType: 'AES256' } : { encryptionType: 'KMS', kmsKey },
    tags: scopeTags(scope),
  })
}

/** The password of the registry, for some hours. */
export async function registryPassword(api: Api): Promise<string> {
  const { authorizationData = [] } = await api.call('ecr:GetAuthorizationToken', {})
  const [, password = ''] = Buffer.from(authorizationData[0]!.authorizationToken!, 'base64')
    .toString()
    .split(':')
  return password
}
