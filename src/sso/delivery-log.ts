/**
 * What the last stages tell the administrator: who proved what, and who refused whom.
 *
 * @module
 */

import type { ApRefusedError } from '../kerberos/index.ts'
import type { LogFields, Logger } from '../platform/index.ts'
import type { Channel } from './backend.ts'
import { refusalFields } from './backend-refusal.ts'
import type { Call } from './call.ts'
import { userFields } from './user-fields.ts'

function fieldsOf(call: Call): LogFields {
  return {
    app: call.request.app.id,
    origin: call.route?.backend.origin,
    servicePrincipalName: call.route?.servicePrincipalName,
    ...userFields(call.identity?.account),
  }
}

/**
 * Once per connection: an administrator sees that the backend holds the key of its SPN, and whether EPA was used.
 *
 * @param logger - Where to.
 * @param call - The request.
 * @param channel - The socket that was proved.
 */
export function logProof(logger: Logger, call: Call, channel: Channel): void {
  logger.info('backend proved its identity', {
    ...fieldsOf(call),
    channelBinding: channel.certificate !== undefined,
  })
}

/**
 * Told each time: the second answer may be about something else, and the first is lost in a success.
 *
 * @param logger - Where to.
 * @param call - The request.
 * @param refused - Which attempt, from 1, and what the backend said.
 */
export function logRefusal(
  logger: Logger,
  call: Call,
  refused: { readonly attempt: number; readonly refusal: ApRefusedError | undefined },
): void {
  const { attempt, refusal } = refused
  logger[refusal === undefined ? 'debug' : 'info']('backend refused a ticket', {
    requestId: call.request.requestId,
    ...fieldsOf(call),
    attempt,
    ...refusalFields(refusal),
  })
}

/**
 * A line for debugging.
 *
 * @param logger - Where to.
 * @param call - The request.
 * @param what - The line, and what is known of the backend's proof.
 */
export function logStep(
  logger: Logger,
  call: Call,
  what: { readonly message: string; readonly mutual: string },
): void {
  const { requestId, app } = call.request
  logger.debug(what.message, { requestId, app: app.id, mutual: what.mutual })
}
