/**
 * The real clock, random source and logger.
 *
 * @module
 */

export { createLogger, type LogLevel } from './logger.ts'
export { systemClock, systemRandom } from './system.ts'
