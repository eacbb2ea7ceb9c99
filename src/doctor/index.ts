/**
 * Floor 4: the doctor. Pure: what it looks at arrives as worlds made of ports.
 *
 * @module
 */

export { APP_CHECKS, APP_LIST_CHECKS, type AppListWorld, type AppWorld } from './app/index.ts'
export { firstPage, type BackendPlace, type ProbeToken } from './backend.ts'
export { headerRooms, type HeaderRoom } from './header-room.ts'
export { bundleOf, type BundleContents } from './bundle/bundle.ts'
export type { Sensitive } from './bundle/redact.ts'
export {
  found,
  type Check,
  type Finding,
  type FindingDetails,
  type Mend,
  type Outcome,
} from './check.ts'
export { CODE_AREAS, DOCTOR_CODES, type DoctorCode } from './codes/index.ts'
export {
  HOST_CHECKS,
  type HostWorld,
  type KdcTime,
  type KerberosWorld,
  type NamedFile,
} from './host/index.ts'
export { ISSUER_CHECKS, type IssuerWorld } from './issuer/index.ts'
export { TUNNEL_CHECKS, type GatewayFacts, type TunnelWorld } from './tunnel/index.ts'
export { planChecks, selectChecks, type PlannedCheck } from './plan.ts'
export {
  formatResult,
  formatSummary,
  reportOf,
  type DoctorReport,
  type ReportedFinding,
} from './report.ts'
export {
  DEFAULT_RUN_LIMITS,
  runChecks,
  type CheckResult,
  type RunLimits,
  type RunPorts,
} from './runner.ts'
export { gatherFacts, type FactPorts } from './delegation/facts.ts'
export { delegationMermaid, delegationSvg } from './delegation/graph.ts'
export type { PlanMode } from './delegation/grants.ts'
export { planDelegation, type DelegationPlan } from './delegation/plan.ts'
export {
  readDelegationState,
  wantedServices,
  type DelegationFacts,
  type DelegationState,
} from './delegation/state.ts'
export type { PlanStep } from './delegation/step.ts'
export { delegationJson, formatDelegation, formatPlan } from './delegation/text.ts'
export { DIRECTORY_CHECKS } from './directory/index.ts'
export { directoryWorld, type DirectoryPorts, type DirectoryWorld } from './directory/world.ts'
export { USER_CHECKS } from './user/index.ts'
export { userWorld, type UserPorts, type UserService, type UserWorld } from './user/world.ts'
