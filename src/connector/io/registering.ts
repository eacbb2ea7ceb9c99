/**
 * A door for registering alone, which loads nothing of what a running connector needs.
 *
 * @module
 */

export { registerConnector } from '../register.ts'
export { registrationFiles } from './register-files.ts'
export { registrationTransport } from './register-transport.ts'
