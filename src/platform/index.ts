/**
 * Floor 0: the outside world as ports, the root of all errors, backoff.
 *
 * @module
 */

export { holdsCertificate } from './certificates.ts'
export { needArray, needObject, needOctets, needText } from './arguments.ts'
export { backoffDelayMs, resolveBackoff, type BackoffOptions } from './backoff.ts'
export { withDefaults } from './defaults.ts'
export {
  errorCode,
  errorMend,
  errorText,
  SallyportError,
  type SallyportErrorOptions,
} from './errors.ts'
export { fraction } from './fraction.ts'
export { foldName, sameName } from './names.ts'
export { readFault } from './read-fault.ts'
export { NOT_LISTED, Roster, type RosterMember } from './roster.ts'
export { SecurityLog, type SecurityEvent, type SecurityLogLimits } from './security-log.ts'
export {
  columns,
  counted,
  jsonText,
  powershellWord,
  printable,
  printableLines,
  shellWord,
  yamlWord,
} from './text.ts'
export type { Clock, LogFields, Logger, Random, Timer } from './ports.ts'
