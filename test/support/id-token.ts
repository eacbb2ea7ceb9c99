/** A real ID token from the lab's provider, for tests that play the gateway themselves. */

import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { LabEnvironment } from '../../docker/lab.ts'
import { Visitor } from '../../docker/demo/visitor.ts'

/** Registered at the lab's provider; nobody listens there. */
const REDIRECT_URI = 'https://nobody.localhost:1/.sallyport/callback'

interface Endpoints {
  readonly authorization_endpoint: string
  readonly token_endpoint: string
}

/**
 * Signs a user of the lab in by the code flow.
 *
 * @param lab - The lab.
 * @param name - The user.
 * @returns The ID token, compact form.
 */
export async function obtainIdToken(lab: LabEnvironment, name: string): Promise<string> {
  const user = lab.users[name]
  if (user === undefined) throw new Error(`the lab has no user ${name}`)
  const visitor = new Visitor([await readFile(lab.oidc.caFile, 'utf8')])
  try {
    const discovery = await visitor.visit(`${lab.oidc.issuer}/.well-known/openid-configuration`)
    const endpoints = JSON.parse(discovery.body) as Endpoints
    const verifier = randomBytes(32).toString('base64url')
    const query = new URLSearchParams({
      client_id: lab.oidc.clientId,
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope: 'openid profile email',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      max_age: '36000',
    })
    const login = { name: user.userPrincipalName, password: user.password }
    const url = `${endpoints.authorization_endpoint}?${query.toString()}`
    const last = await visitor.signIn(url, login, { stopBefore: REDIRECT_URI })
    const code = new URL(String(last.headers['location'])).searchParams.get('code') ?? ''
    return await redeem(visitor, { lab, endpoint: endpoints.token_endpoint, code, verifier })
  } finally {
    await visitor.close()
  }
}

interface Redemption {
  readonly lab: LabEnvironment
  readonly endpoint: string
  readonly code: string
  readonly verifier: string
}

async function redeem(visitor: Visitor, redemption: Redemption): Promise<string> {
  const { lab, endpoint, code, verifier } = redemption
  const credentials = `${lab.oidc.clientId}:${lab.oidc.clientSecret}`
  const answer = await visitor.visit(endpoint, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: REDIRECT_URI,
      code_verifier: verifier,
    }).toString(),
  })
  const { id_token: idToken } = JSON.parse(answer.body) as { id_token?: string }
  if (idToken === undefined)
    throw new Error(`no ID token (status ${answer.status}): ${answer.body}`)
  return idToken
}
