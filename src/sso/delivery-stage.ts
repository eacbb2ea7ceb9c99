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
import type { Stage } from './stages.ts'

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
    else if (body.length === undefined || body.length > ports.limits.replayBodyOctets) send(body)
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
