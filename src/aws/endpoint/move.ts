import type {
  CreateEndpointConfigCommandInput,
  ProductionVariant,
  UpdateEndpointCommandInput,
} from '@aws-sdk/client-sagemaker'
import { RankerError } from '../../errors.ts'
import type { Api } from '../api.ts'
import { found } from '../failures.ts'
import { ENDPOINT_TAG, nameByContent, PREVIOUS_TAG } from '../names.ts'
import { join, make, type Plan, type Step, step } from '../plan.ts'
import type { Config } from '../schema.ts'
import { type Scope, scopeTags } from '../scope.ts'
import { deploymentConfig } from './deployment.ts'
import { A, B, SHADOW } from './settings.ts'
import type { EndpointState } from './state.ts'

/** An endpoint's current configuration, as the request that would make it again. */
export async function configOf(
  api: Api,
  { config }: EndpointState,
): Promise<CreateEndpointConfigCommandInput> {
  const { $metadata, EndpointConfigArn, CreationTime, ...content } = await api.call(
    'sagemaker:DescribeEndpointConfig',
    { EndpointConfigName: config },
  )
  return content as CreateEndpointConfigCommandInput
}

/** New weights of the variants: each gets its weight's share of their sum. */
export function planShift(
  name: string,
  known: readonly string[],
  weights: Readonly<Record<string, number>>,
): Plan {
  for (const variant of Object.keys(weights))
    if (!known.includes(variant))
      throw new RankerError('NO_SUCH_VARIANT', { name, seen: variant, wanted: known })
  const shown = Object.entries(weights).map(([variant, weight]) => `${variant} ${weight}`)
  return {
    steps: [
      step(
        '~',
        `endpoint ${name}: weights ${shown.join(', ')}`,
        'sagemaker:UpdateEndpointWeightsAndCapacities',
        {
          EndpointName: name,
          DesiredWeightsAndCapacities: Object.entries(weights).map(([VariantName, DesiredWeight]) => ({
            VariantName,
            DesiredWeight,
          })),
        },
      ),
    ],
    kept: [],
  }
}

/**
 * The challenger (B, or the shadow variant) takes the place of A: its model behind A's name and instances, alone.
 * @throws {RankerError} NO_SUCH_VARIANT where there is no challenger.
 */
export function promoted(
  scope: Scope,
  name: string,
  current: CreateEndpointConfigCommandInput,
): CreateEndpointConfigCommandInput {
  const variants = current.ProductionVariants ?? []
  const shadows = current.ShadowProductionVariants ?? []
  const [incumbent] = variants.filter(({ VariantName }) => VariantName === A)
  const challenger = [...variants, ...shadows].find(
    ({ VariantName }) => VariantName === B || VariantName === SHADOW,
  )
  if (!challenger || !incumbent) {
    const wanted = [...variants, ...shadows].map(({ VariantName }) => VariantName!)
    throw new RankerError('NO_SUCH_VARIANT', { name, seen: `${B} or ${SHADOW}`, wanted })
  }
  const winner: ProductionVariant = {
    ...challenger,
    VariantName: A,
    InitialVariantWeight: 1,
    // The whole traffic needs the instances that A had.
    ...(incumbent.InitialInstanceCount !== undefined && {
      InitialInstanceCount: Math.max(incumbent.InitialInstanceCount, challenger.InitialInstanceCount ?? 1),
    }),
  }
  const { EndpointConfigName: _, ShadowProductionVariants: __, Tags: ___, ...rest } = current
  const content = { ...rest, ProductionVariants: [winner] }
  return {
    EndpointConfigName: nameByContent(name, content),
    ...content,
    Tags: scopeTags(scope, { Key: ENDPOINT_TAG, Value: name }),
  }
}

/** What to do about a resource that somebody else made. */
export const FORCE = 'wanted another --name or --endpoint, or --force to take it over'

/** @throws {RankerError} NAME_TAKEN for an endpoint that was made by somebody else. */
export function refuseForeign({ ours, name }: EndpointState, force: boolean): void {
  if (!ours && !force) throw new RankerError('NAME_TAKEN', { what: `endpoint ${name}`, fix: FORCE })
}

/** Autoscaling decides how many instances run; weights and data capture come from the configuration. */
export const RETAIN = {
  RetainAllVariantProperties: true,
  ExcludeRetainedVariantProperties: [
    { VariantPropertyType: 'DesiredWeight' },
    { VariantPropertyType: 'DataCaptureConfig' },
  ],
} satisfies Partial<UpdateEndpointCommandInput>

export interface MoveOptions {
  /** Whether a tag remembers the configuration before the move, for a later rollback. */
  readonly isNoted: boolean
  readonly deployment: NonNullable<Config['endpoint']>['deployment'] | undefined
  readonly alarms: readonly string[]
  /** Whether autoscaling holds the number of instances. */
  readonly isScaled: boolean
}

/** Plans the move of an endpoint to a configuration, which is made if it does not exist. */
export async function planMove(
  endpoint: EndpointState,
  target: string | CreateEndpointConfigCommandInput,
  { isNoted, deployment, alarms, isScaled }: MoveOptions,
  api: Api | undefined,
): Promise<Plan> {
  const { name } = endpoint
  const config = typeof target === 'string' ? target : target.EndpointConfigName!
  const what = `endpoint configuration ${config}`
  const isThere =
    api && (await found(api.call('sagemaker:DescribeEndpointConfig', { EndpointConfigName: config })))
  const made: Plan =
    typeof target === 'string'
      ? { steps: [], kept: [what] }
      : make(what, isThere !== undefined, 'sagemaker:CreateEndpointConfig', target)
  if (endpoint.config === config) return join(made, { steps: [], kept: [`endpoint ${name}`] })
  return join(made, {
    steps: [
      ...(isNoted ? noteOn(endpoint) : []),
      step('~', `endpoint ${name}: from ${endpoint.config} to ${config}`, 'sagemaker:UpdateEndpoint', {
        EndpointName: name,
        EndpointConfigName: config,
        ...(isScaled && RETAIN),
        DeploymentConfig: deploymentConfig(deployment, alarms),
      }),
      { kind: 'wait', what: `until endpoint ${name} is in service`, endpoint: name, until: { config } },
    ],
    kept: [],
  })
}

/** Notes the endpoint's configuration in a tag before it gets another one; nothing if it is noted already. */
export const noteOn = ({ arn, name, config, previous }: EndpointState): Step[] =>
  previous === config ? [] : [note({ arn, name }, PREVIOUS_TAG, config, 'what it had before')]

/** A tag on an endpoint that names one of its configurations. */
export const note = (
  { name, arn }: Pick<EndpointState, 'name' | 'arn'>,
  Key: string,
  Value: string,
  what: string,
): Step =>
  step('~', `note on endpoint ${name} ${what}`, 'sagemaker:AddTags', {
    ResourceArn: arn,
    Tags: [{ Key, Value }],
  })

/**
 * Whether the endpoint already is what promoting its previous configuration would give: a promotion that was cut
 * short.
 */
export async function isPromoted(scope: Scope, endpoint: EndpointState, api: Api): Promise<boolean> {
  const { name, config, previous } = endpoint
  if (previous === undefined || previous === config) return false
  const before = await found(configOf(api, { ...endpoint, config: previous }))
  if (!before || !hasChallenger(before)) return false
  return promoted(scope, name, before).EndpointConfigName === config
}

const hasChallenger = ({
  ProductionVariants = [],
  ShadowProductionVariants = [],
}: CreateEndpointConfigCommandInput) => [...ProductionVariants, ...ShadowProductionVariants].length > 1
