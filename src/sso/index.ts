/**
 * Floor 3: the SSO pipeline. Pure: sockets, files and DNS are in ./io.
 *
 * @module
 */

export type {
  BackendCall,
  BackendHandler,
  BackendPool,
  BackendRequest,
  BackendTarget,
  BackendTls,
  Channel,
  ChannelSignIn,
  StreamedBody,
} from './backend.ts'
export type { BodySink, BodySource, RequestBody } from './body-source.ts'
export { checkAssertable, expectedLogin, type Person } from './assertable.ts'
export { assertionKeys } from './header-sign-on/key-set.ts'
export {
  appAt,
  appFromRow,
  explainPolicy,
  type PolicyPorts,
  type PolicyStep,
} from './explain-policy.ts'
export { SsoError, type SsoErrorCode } from './errors.ts'
export { hopOptionsOf, type HopOptions } from './hop-options.ts'
export { fieldLimitsFor } from './large-tokens.ts'
export { loginClaimOf } from './login.ts'
export { LOGIN_IDENTITIES, type LoginIdentity } from './login-identities.ts'
export { resolveSsoLimits, SSO_LIMITS, type SsoLimits } from './limits.ts'
export { createPipeline } from './pipeline.ts'
export {
  backendTarget,
  compilePolicy,
  routeApp,
  type IssuerKeys,
  type IssuerPolicy,
  type Policy,
  type ReadText,
  type Route,
} from './policy.ts'
export { policySchema, type BackendRow, type IssuerRow, type PolicyFile } from './policy-file.ts'
export type {
  FlushFilter,
  KerberosPort,
  KeySource,
  PipelinePorts,
  Proof,
  ResponseSink,
  SignInAnswer,
  SignInRequest,
  SsoCall,
  SsoCounters,
  SsoPipeline,
  SsoRequest,
  TokenJudge,
} from './ports.ts'
export { StepUpNeeded } from './sign-in-strength.ts'
export { resolveIdentity, type IdentityReport } from './resolve-identity.ts'
