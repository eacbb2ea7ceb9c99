/**
 * Answers the gateway's questions about browsers' Negotiate tokens (PROTOCOL.md section 8.1).
 *
 * @module
 */

import { errorText, SallyportError, type Logger } from '../platform/index.ts'
import type { SignInAnswer, SsoPipeline } from '../sso/index.ts'
import type { AcceptedMessage, AcceptMessage } from '../tunnel/index.ts'
import type { AppList } from './apps.ts'

/** What the desk works with. */
export interface SignInPorts {
  readonly pipeline: Pick<SsoPipeline, 'signIn'>
  readonly apps: AppList
  readonly logger: Logger
}

/** Questions of one tunnel that are looked at at a time. */
const MAX_AT_ONCE = 256
const MAX_MESSAGE = 512

function base64(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('base64')
}

/** One tunnel's desk. */
export class SignInDesk {
  readonly #ports: SignInPorts
  #busy = 0

  constructor(ports: SignInPorts) {
    this.#ports = ports
  }

  /**
   * Finds the answer.
   *
   * @param message - The question.
   * @returns The answer. Never rejects.
   */
  async answer(message: AcceptMessage): Promise<AcceptedMessage> {
    const { id } = message
    if (this.#busy >= MAX_AT_ONCE) {
      return refusal(id, 'ERR_CONNECTOR_BUSY', 'too many browsers sign in at the same time')
    }
    this.#busy++
    try {
      return await this.#ask(message)
    } catch (error) {
      return this.#refused(message, error)
    } finally {
      this.#busy--
    }
  }

  async #ask({ id, app: appId, token, channelBinding }: AcceptMessage): Promise<AcceptedMessage> {
    const { apps, pipeline, logger } = this.#ports
    const app = apps.get(appId)
    if (app === undefined) {
      return refusal(id, 'ERR_CONNECTOR_APP_UNKNOWN', 'the gateway has not described this app')
    }
    const binding = channelBinding === undefined ? undefined : Buffer.from(channelBinding, 'base64')
    const answer: SignInAnswer = await pipeline.signIn({
      app,
      beside: apps.beside(app),
      token: Buffer.from(token, 'base64'),
      channelBinding: binding,
    })
    const { sAMAccountName: user, realm } = answer.user
    logger.info('signed in with Kerberos', { user, realm, app: appId })
    const { assertion, reply } = answer
    return { type: 'accepted', id, assertion, ...(reply && { reply: base64(reply) }) }
  }

  #refused({ id, app }: AcceptMessage, error: unknown): AcceptedMessage {
    const { logger } = this.#ports
    if (error instanceof SallyportError) {
      const { code, message, mend } = error
      logger.info('sign-in with Kerberos refused', { app, code, reason: message, mend })
      return refusal(id, code, message)
    }
    logger.error('sign-in with Kerberos failed unexpectedly', { app, reason: errorText(error) })
    return refusal(id, 'ERR_UNEXPECTED', 'the connector failed; its log says why')
  }
}

function refusal(id: string, code: string, message: string): AcceptedMessage {
  return { type: 'accepted', id, code, message: message.slice(0, MAX_MESSAGE) }
}
