/**
 * Which kind of response a request has: an ordinary one, or one that may switch protocols.
 *
 * @module
 */

import type { BrowserResponse } from './browser-response.ts'
import type { AdmittedRequest } from './exchange-ports.ts'
import { ResponseBody } from './response-body.ts'
import { UpgradeResponse } from './upgrade-response.ts'

/**
 * The response of a request.
 *
 * @param admitted - The request.
 * @param takesTrailers - The browser takes trailer fields.
 * @returns Where the answer is written.
 */
export function responseOf(admitted: AdmittedRequest, takesTrailers: boolean): BrowserResponse {
  const { request, response, route, upgrade } = admitted
  const { crossOrigin, fields: more } = admitted
  const fields = crossOrigin === undefined ? more : [...(more ?? []), ...crossOrigin]
  const context = { route, isHead: request.method === 'HEAD', takesTrailers, fields }
  return upgrade
    ? new UpgradeResponse(response, upgrade, context)
    : new ResponseBody(response, context)
}
