/** A client of a stack's own at the lab's provider: OpenID Connect Dynamic Client Registration 1.0. */

import { readFile } from 'node:fs/promises'
import type { LabEnvironment } from '../../docker/lab.ts'
import { Visitor } from '../../docker/demo/visitor.ts'

/**
 * Registers a client whose gateway is told of sign-outs.
 *
 * @param lab - The lab.
 * @param browserPort - Where the gateway will listen.
 * @returns The lab as that gateway and its connector see it.
 */
export async function registerClient(
  lab: LabEnvironment,
  browserPort: number,
): Promise<LabEnvironment> {
  const visitor = new Visitor([await readFile(lab.oidc.caFile, 'utf8')])
  const origin = `https://intranet.localhost:${browserPort}`
  const wanted = {
    redirect_uris: [`${origin}/.sallyport/callback`],
    post_logout_redirect_uris: [`${origin}/`],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    require_auth_time: true,
    backchannel_logout_uri: `${origin}/.sallyport/backchannel-logout`,
    backchannel_logout_session_required: true,
  }
  try {
    const answer = await visitor.visit(`${lab.oidc.issuer}/reg`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${lab.oidc.clientSecret}`,
      },
      body: JSON.stringify(wanted),
    })
    if (answer.status !== 201) throw new Error(`no client: ${answer.status} ${answer.body}`)
    const made = JSON.parse(answer.body) as { client_id: string; client_secret: string }
    const oidc = { ...lab.oidc, clientId: made.client_id, clientSecret: made.client_secret }
    return { ...lab, oidc }
  } finally {
    await visitor.close()
  }
}
