/**
 * Asks the gateway that runs on this host.
 *
 * @module
 */

import { request as httpRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { errorText, SallyportError } from '../../platform/index.ts'
import { ADMIN_SOCKET } from './admin-socket.ts'

/** Longest wait for an answer, milliseconds. */
const TIMEOUT_MS = 30_000
/** Largest answer, octets. */
const MAX_ANSWER_OCTETS = 64 * 1_048_576

/** A request to the admin API. */
export interface AdminRequest {
  readonly method: 'GET' | 'POST'
  /** Such as `/connectors`. */
  readonly path: string
  /** Sent as JSON. */
  readonly body?: object
}

interface Answer {
  readonly status: number
  readonly text: string
}

const MENDS: Readonly<Record<string, string>> = {
  ENOENT: 'Start the gateway: `sallyport gateway run`. If it runs, check stateDirectory.',
  ECONNREFUSED: 'Start the gateway: `sallyport gateway run`.',
  EACCES: 'Run this command as the account that runs the gateway.',
}

function unreachable(path: string, cause: unknown): SallyportError {
  const nodeCode = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const message = `no answer from a gateway at ${path}: ${errorText(cause)}`
  const mend = MENDS[nodeCode] ?? 'Check that the gateway runs on this host.'
  return new SallyportError('ERR_GATEWAY_ADMIN_UNREACHABLE', message, { cause, mend })
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let octets = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    octets += chunk.length
    if (octets > MAX_ANSWER_OCTETS) throw new Error(`more than ${MAX_ANSWER_OCTETS} octets`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function send(socketPath: string, { method, path, body }: AdminRequest): Promise<Answer> {
  const json = method === 'POST' ? JSON.stringify(body ?? {}) : undefined
  const headers = json === undefined ? {} : { 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const request = httpRequest({ socketPath, path, method, headers, agent: false, signal })
    request.on('error', reject)
    request.on('response', (response) => {
      const status = response.statusCode ?? 0
      readText(response).then((text) => {
        resolve({ status, text })
      }, reject)
    })
    request.end(json)
  })
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function refusal(status: number, answer: unknown): SallyportError {
  const fields = typeof answer === 'object' && answer !== null ? answer : {}
  const code = 'code' in fields ? String(fields.code) : 'ERR_GATEWAY_ADMIN_FAILED'
  const message = 'message' in fields ? String(fields.message) : `the gateway answered ${status}`
  const mend = 'mend' in fields ? { mend: String(fields.mend) } : {}
  return new SallyportError(code, message, mend)
}

/**
 * Sends one request to the running gateway.
 *
 * @param stateDirectory - The gateway's state directory.
 * @param request - What is asked.
 * @returns The parsed JSON of the answer.
 * @throws SallyportError ERR_GATEWAY_ADMIN_UNREACHABLE, or the code that the gateway answered with.
 */
export async function adminRequest(
  stateDirectory: string,
  request: AdminRequest,
): Promise<unknown> {
  const socketPath = join(stateDirectory, ADMIN_SOCKET)
  let answer
  try {
    answer = await send(socketPath, request)
  } catch (error) {
    throw unreachable(socketPath, error)
  }
  const body = parseAnswer(answer.text)
  if (answer.status < 200 || answer.status > 299) throw refusal(answer.status, body)
  return body
}
