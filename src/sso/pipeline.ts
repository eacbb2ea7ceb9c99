/**
 * The pipeline, put together.
 *
 * @module
 */

import type { PipelinePorts, SsoPipeline } from './ports.ts'

/**
 * Puts the pipeline together.
 *
 * @param ports - What it works through.
 * @returns The pipeline; close it to end its timers and sockets.
 */
export function createPipeline(ports: PipelinePorts): SsoPipeline {
  throw new Error(`not built yet: ${ports.policy.backends.length} backends`)
}
