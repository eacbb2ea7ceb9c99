/**
 * Stages 5 and 6: the token and the request. Small bodies are collected first, so that they can be sent once more.
 *
 * @module
 */

import type { StreamedBody } from './backend.ts'
import { collectBody } from './body.ts'
import type { Call } from './call.ts'
import { Delivery, type DeliveredBody } from './delivery.ts'
import type { DeliveryPorts } from './delivery-ports.ts'
import { SsoError } from './errors.ts'
import type { SsoLimits } from './limits.ts'
import type { Route } from './policy.ts'
import type { Stage } from './stages.ts'

/** Whether a body is collected first, so that it can be sent once more. */
function isKept<T extends StreamedBody>(
  body: T,
  route: Route,
  limits: SsoLimits,
): body is T & { readonly length: number } {
  if (body.length === undefined || body.length > limits.replayBodyOctets) return false
  return route.sending.replayBodies
}

/**
 * The last stage.
 *
 * @param ports - What it works through.
 * @returns The stage; it calls no next.
 */
export function deliveryStage(ports: DeliveryPorts): Stage {
  return (call) => {
    const { route } = call
    const { body } = call.request
    if (route === undefined)
      throw new SsoError('ERR_SSO_POLICY_DENIED', 'no request without a route')
    const send = (content: DeliveredBody): void => {
      new Delivery(call, route, { ...ports, body: content }).send()
    }
    if (body.kind === 'none') send(undefined)
    else if (!isKept(body, route, ports.limits)) send(body)
    else collectThenSend(call, body.source, { length: body.length, send })
  }
}

function collectThenSend(
  call: Call,
  source: StreamedBody['source'],
  then: { readonly length: number; readonly send: (body: Uint8Array) => void },
): void {
  collectBody(source, then.length, {
    onBody(octets) {
      if (call.over) return
      try {
        then.send(octets)
      } catch (error) {
        call.fail(error)
      }
    },
    onError(error) {
      call.fail(error)
    },
  })
}
