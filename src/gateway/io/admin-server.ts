/**
 * The admin API: fastify on a Unix socket in the state directory, which only the gateway's own account can open.
 *
 * @module
 */

import { once } from 'node:events'
import { chmod, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fastify, type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import type { z } from 'zod'
import { errorCode, errorText, SallyportError, type Logger } from '../../platform/index.ts'
import {
  cacheFilterSchema,
  revokeSessionsSchema,
  tokenOrderSchema,
  type AdminOperations,
} from '../admin.ts'
import { ADMIN_SOCKET } from './admin-socket.ts'

/** Longest path of a Unix socket on Linux, octets (sun_path without its final NUL); macOS has 103. */
const MAX_SOCKET_PATH_OCTETS = 103
/** Largest request, octets. */
const MAX_BODY_OCTETS = 16_384
const REQUEST_TIMEOUT_MS = 10_000

/** The admin API while it runs. */
export interface AdminServer {
  /** Where its socket is. */
  readonly path: string
  /** Ends it and removes the socket. */
  close(): Promise<void>
}

function adminError(
  code: string,
  message: string,
  more: { readonly mend: string; readonly cause?: unknown },
): SallyportError {
  return new SallyportError(code, message, more)
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body ?? {})
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = issue?.path.join('.') ?? ''
  throw adminError('ERR_GATEWAY_ADMIN_REQUEST', `${where}: ${issue?.message ?? 'not valid'}`, {
    mend: 'Correct the field and send the request again.',
  })
}

function statusOf(error: FastifyError | SallyportError): number {
  if (error instanceof SallyportError) {
    return error.code === 'ERR_GATEWAY_CONNECTOR_UNKNOWN' ? 404 : 400
  }
  return error.statusCode ?? 500
}

/** Faults that nobody foresaw are logged, not told. */
function sendError(reply: FastifyReply, error: FastifyError | SallyportError, logger: Logger) {
  const status = statusOf(error)
  if (error instanceof SallyportError) {
    const { code, message, mend } = error
    return reply.code(status).send({ code, message, mend })
  }
  if (status < 500) {
    return reply.code(status).send({ code: 'ERR_GATEWAY_ADMIN_REQUEST', message: error.message })
  }
  logger.error('admin request failed', { code: errorCode(error), reason: errorText(error) })
  const mend = "See the gateway's log for the reason."
  const message = 'the gateway could not do this'
  return reply.code(500).send({ code: 'ERR_GATEWAY_ADMIN_FAILED', message, mend })
}

function addRoutes(app: FastifyInstance, operations: AdminOperations): void {
  app.post('/tokens', (request) => operations.createToken(parse(tokenOrderSchema, request.body)))
  app.get('/connectors', () => operations.listConnectors())
  app.post<{ Params: { id: string } }>('/connectors/:id/revoke', (request) =>
    operations.revokeConnector(request.params.id),
  )
  app.get('/sessions', () => operations.listSessions())
  app.post('/sessions/revoke', (request) =>
    operations.revokeSessions(parse(revokeSessionsSchema, request.body).user),
  )
  app.post('/cache/flush', (request) =>
    operations.flushCache(parse(cacheFilterSchema, request.body)),
  )
  app.post('/cache/show', (request) => operations.showCache(parse(cacheFilterSchema, request.body)))
}

function buildApp(operations: AdminOperations, logger: Logger): FastifyInstance {
  const app = fastify({
    bodyLimit: MAX_BODY_OCTETS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
  })
  app.setErrorHandler((error: FastifyError | SallyportError, _request, reply) =>
    sendError(reply, error, logger),
  )
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ code: 'ERR_GATEWAY_NOT_FOUND', message: 'there is no such operation' }),
  )
  addRoutes(app, operations)
  return app
}

/** A socket file that a dead gateway left behind refuses connections; a live one takes them. */
async function somebodyListens(path: string): Promise<boolean> {
  const socket = connect({ path })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function clearPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_OCTETS) {
    const message = `the path ${path} is longer than ${MAX_SOCKET_PATH_OCTETS} octets, too long for a Unix socket`
    throw adminError('ERR_GATEWAY_ADMIN_SOCKET', message, { mend: 'Use a shorter stateDirectory.' })
  }
  if (await somebodyListens(path)) {
    throw adminError('ERR_GATEWAY_ADMIN_SOCKET', `another gateway runs in this state directory`, {
      mend: 'Stop it first, or give this one a state directory of its own.',
    })
  }
  await rm(path, { force: true })
}

/** The socket is made under a umask that leaves it to its owner, so that it is never open to others. */
function listenPrivately(app: FastifyInstance, path: string): Promise<unknown> {
  const umask = process.umask(0o177)
  try {
    const listening = once(app.server, 'listening')
    app.server.listen({ path })
    return listening
  } finally {
    process.umask(umask)
  }
}

/**
 * Starts the admin API.
 *
 * @param stateDirectory - Where its socket goes.
 * @param operations - What it does.
 * @param logger - Told of faults.
 * @returns The running server.
 * @throws SallyportError ERR_GATEWAY_ADMIN_SOCKET.
 */
export async function startAdminServer(
  stateDirectory: string,
  operations: AdminOperations,
  logger: Logger,
): Promise<AdminServer> {
  const path = join(stateDirectory, ADMIN_SOCKET)
  await clearPath(path)
  const app = buildApp(operations, logger)
  await app.ready()
  try {
    await listenPrivately(app, path)
    await chmod(path, 0o600)
  } catch (cause) {
    const message = `cannot open the admin socket ${path}: ${errorText(cause)}`
    const mend = 'Check that the state directory belongs to the account that runs the gateway.'
    throw adminError('ERR_GATEWAY_ADMIN_SOCKET', message, { mend, cause })
  }
  return { path, close: () => closeServer(app, path) }
}

async function closeServer(app: FastifyInstance, path: string): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    app.server.close(() => {
      resolve()
    })
  })
  app.server.closeAllConnections()
  await closed
  await app.close()
  await rm(path, { force: true })
}
