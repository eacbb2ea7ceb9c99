/**
 * One tunnel, as the connector sees it: its proofs, its control messages, its streams.
 *
 * @module
 */

import type { Logger, SecurityLog } from '../platform/index.ts'
import {
  hopOptionsOf,
  type FlushFilter,
  type Proof,
  type RequestBody,
  type SsoPipeline,
  type SsoRequest,
} from '../sso/index.ts'
import type {
  AccountMessage,
  AppSettings,
  ControlMessage,
  FlushMessage,
  InspectMessage,
  ProofMessage,
  RequestHead,
  StreamHandler,
  StreamReason,
  TunnelHandler,
  TunnelSession,
  TunnelStream,
} from '../tunnel/index.ts'
import type { AppList } from './apps.ts'
import { RequestReader, ResponseWriter } from './exchange.ts'
import type { ProofCache } from './proofs.ts'
import { RequestBodyPipe } from './request-body.ts'
import { SignInDesk } from './sign-in-desk.ts'

/** What a link works with. */
export interface LinkPorts {
  readonly pipeline: Pick<
    SsoPipeline,
    'handle' | 'signIn' | 'offer' | 'forget' | 'flush' | 'inspect' | 'appsChanged'
  >
  readonly apps: AppList
  readonly proofs: ProofCache
  readonly logger: Logger
  readonly security: Pick<SecurityLog, 'report'>
  /** Told how many connectors are our account. */
  readonly account?: ((message: AccountMessage) => void) | undefined
}

/** What a link tells the connector. */
export interface LinkOwner {
  /** The hellos have been exchanged. */
  linkReady(link: TunnelLink, session: TunnelSession): void
  /** The gateway wants to go: another tunnel should take over. */
  linkDraining(link: TunnelLink): void
  /** The tunnel is over. */
  linkClosed(link: TunnelLink, reason: StreamReason): void
}

const NO_BODY: RequestBody = { kind: 'none' }

/** Takes what comes after a refusal. */
const REFUSED: StreamHandler = {
  onData: () => undefined,
  onEnd: () => undefined,
  onReset: () => undefined,
}

/** Handler of one tunnel. */
export class TunnelLink implements TunnelHandler {
  readonly #ports: LinkPorts
  readonly #owner: LinkOwner
  readonly #signIns: SignInDesk
  #session: TunnelSession | undefined

  constructor(ports: LinkPorts, owner: LinkOwner) {
    this.#ports = ports
    this.#owner = owner
    this.#signIns = new SignInDesk(ports)
  }

  /** The tunnel, once its hellos have been exchanged. */
  get session(): TunnelSession | undefined {
    return this.#session
  }

  onReady(session: TunnelSession): void {
    this.#session = session
    this.#owner.linkReady(this, session)
  }

  onDraining(): void {
    this.#owner.linkDraining(this)
  }

  onClose(reason: StreamReason): void {
    this.#owner.linkClosed(this, reason)
  }

  onControl(message: ControlMessage): void {
    const { apps, proofs, pipeline, logger } = this.#ports
    switch (message.type) {
      case 'apps':
        apps.replace(message)
        pipeline.appsChanged((app) => apps.get(app.id) === app)
        logger.info('apps received', { revision: message.revision, apps: apps.size })
        return
      case 'proof':
        this.#takeProof(proofOf(message))
        return
      case 'accept':
        void this.#signIns.answer(message).then((answer) => this.#session?.sendControl(answer))
        return
      case 'forget':
        proofs.forget(message.proofs)
        pipeline.forget(message.proofs)
        return
      case 'flush':
        this.#flush(message)
        return
      case 'inspect':
        this.#session?.sendControl({
          type: 'inspected',
          id: message.id,
          cache: pipeline.inspect(flushFilter(message)),
        })
        return
      case 'account':
        this.#ports.account?.(message)
        return
      default:
        logger.debug(`a message '${message.type}' from the gateway is passed over`)
    }
  }

  #flush(message: FlushMessage): void {
    const dropped = this.#ports.pipeline.flush(flushFilter(message))
    const { id } = message
    if (id !== undefined) this.#session?.sendControl({ type: 'flushed', id, dropped })
  }

  #takeProof(proof: Proof): void {
    const { proofs, pipeline, security } = this.#ports
    if (proofs.add(proof)) {
      pipeline.offer(proof)
      return
    }
    const reason = 'a proof id came twice with different tokens; both are dropped'
    security.report({
      code: 'ERR_CONNECTOR_PROOF_REUSED',
      what: 'proof-id-reused',
      fields: { reason },
    })
    pipeline.forget([proof.id])
  }

  onOpen(stream: TunnelStream, head: RequestHead, ended: boolean): StreamHandler {
    const app = this.#ports.apps.get(head.app)
    if (!app) return this.#refuse(stream, head, APP_UNKNOWN)
    const proof = head.proof === '' ? undefined : this.#ports.proofs.get(head.proof)
    if (head.proof !== '' && !proof) return this.#refuse(stream, head, PROOF_UNKNOWN)
    const pipe = ended ? undefined : new RequestBodyPipe(stream)
    const hop = hopOptionsOf(head.headers)
    const switches = hop?.upgrade !== undefined
    const body = pipe && !switches ? streamBody(head, pipe) : NO_BODY
    if (hop?.expectsContinue) continueWhenWanted(stream, pipe)
    const response = new ResponseWriter(stream, contextOf(this.#ports.logger, head), pipe)
    const afterSwitch = switches ? pipe : undefined
    this.#start(response, toRequest(head, app, { proof, body, hop, afterSwitch }))
    return new RequestReader(stream, response, pipe)
  }

  #start(response: ResponseWriter, request: SsoRequest): void {
    try {
      response.attach(this.#ports.pipeline.handle(request, response))
    } catch (error) {
      response.onError(error)
    }
  }

  #refuse(stream: TunnelStream, head: RequestHead, reason: StreamReason): StreamHandler {
    const { requestId, app } = head
    this.#ports.logger.info('request refused', { requestId, app, code: reason.code })
    stream.reset(reason)
    return REFUSED
  }
}

const APP_UNKNOWN: StreamReason = {
  code: 'ERR_CONNECTOR_APP_UNKNOWN',
  message: 'the gateway has not described this app to the connector',
}

const PROOF_UNKNOWN: StreamReason = {
  code: 'ERR_SSO_PROOF_UNKNOWN',
  message: 'the connector does not know this proof of sign-in (any more)',
}

function proofOf({ id, idToken, kind }: ProofMessage): Proof {
  return kind === 'assertion' ? { id, idToken, kind } : { id, idToken }
}

function streamBody(head: RequestHead, source: RequestBodyPipe): RequestBody {
  return { kind: 'stream', length: head.bodyLength, source }
}

/** The client waits for 100: it comes when the backend's turn to read has come, after proof, policy and ticket. */
function continueWhenWanted(stream: TunnelStream, pipe: RequestBodyPipe | undefined): void {
  if (!pipe) return
  pipe.onWanted = () => {
    stream.sendInterim({ status: 100, headers: [] })
  }
}

function contextOf(logger: Logger, head: RequestHead) {
  return { logger, requestId: head.requestId, app: head.app }
}

function toRequest(
  head: RequestHead,
  app: AppSettings,
  rest: Pick<SsoRequest, 'proof' | 'body' | 'hop' | 'afterSwitch'>,
): SsoRequest {
  return {
    requestId: head.requestId,
    app,
    proof: rest.proof,
    method: head.method,
    target: head.target,
    headers: head.headers,
    body: rest.body,
    hop: rest.hop,
    afterSwitch: rest.afterSwitch,
  }
}

function flushFilter(message: FlushMessage | InspectMessage): FlushFilter {
  const { user, servicePrincipalName } = message
  return {
    ...(user === undefined ? {} : { user }),
    ...(servicePrincipalName === undefined ? {} : { servicePrincipalName }),
  }
}
