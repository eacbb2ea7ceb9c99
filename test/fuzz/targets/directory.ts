/** What a directory server may send: bind responses, answers to searches, SIDs, names. */

import { MessageParser } from 'ldapts'
import { bareAccount } from '../../../src/directory/account-entry.ts'
import { domainOf } from '../../../src/directory/distinguished-name.ts'
import {
  accountFilter,
  FilterTemplate,
  FilterTemplateFault,
  decodeManagedPassword,
  decodeSecurityDescriptor,
  decodeSid,
  encodeSecurityDescriptor,
  encodeSid,
  formatSddl,
  nearestSpn,
  parseSpn,
} from '../../../src/directory/index.ts'
import { SallyportError } from '../../../src/platform/index.ts'
import { checkSearchAnswer } from '../../../src/directory/ldap-answer.ts'
import { decodeBindResponse } from '../../../src/directory/ldap-message.ts'
import { DESCRIPTORS } from '../../support/descriptors.ts'
import { encodeManagedPassword } from '../../support/managed-password.ts'
import { captured } from '../seeds.ts'
import { derTarget, octetTarget, textTarget, type Target } from '../target.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** The messages of an answer, each by itself; Samba's lengths have four octets. */
function messagesOf(octets: Buffer): Buffer[] {
  const messages: Buffer[] = []
  for (let at = 0; at + 6 <= octets.length;) {
    const first = octets.readUInt8(at + 1)
    const head = first === 0x84 ? 6 : 2
    const end = at + head + (first === 0x84 ? octets.readUInt32BE(at + 2) : first)
    messages.push(octets.subarray(at, end))
    at = end
  }
  return messages
}

const ANSWERS = [
  ...captured('search-answer').flatMap(messagesOf),
  hex('30 1b 020102 6416 0404 646e3d78 300e 300c 0402 636e 3106 0401 61 0401 62'),
  hex('30 17 020102 650e 0a010a 0400 0400 a305 0403 6c643a a002 3000'),
  hex('30 0a 020102 7305 0403 6c643a'),
]

/** ldapts reads what the guard let through: it must come to an end, and throw nothing but an error event. */
function readByLibrary(message: Uint8Array): void {
  const parser = new MessageParser()
  parser.on('message', () => undefined)
  parser.on('error', () => undefined)
  parser.read(Buffer.from(message), new Map())
}

const searchAnswer = derTarget({
  name: 'directory/search-answer',
  seeds: ANSWERS,
  decode: (message) => {
    if (checkSearchAnswer(message)) readByLibrary(message)
  },
})

const bindResponse = derTarget({
  name: 'directory/bind-response',
  seeds: [...captured('bind-response'), hex('30 0f 02 01 01 61 0a 0a 01 00 04 00 04 00 87 01 aa')],
  refusesPrefixes: false,
  decode: decodeBindResponse,
})

const sid = octetTarget({
  name: 'directory/sid',
  refusesPrefixes: true,
  seeds: [encodeSid('S-1-5-21-1-2-3-500'), encodeSid('S-1-5-32-544')],
  decode: decodeSid,
  encode: encodeSid,
})

/** Passwords as a domain controller makes them have 256 octets, drawn by chance. */
const PASSWORD = Buffer.from(Array.from({ length: 256 }, (_, at) => (at * 37 + 1) % 251)).toString(
  'utf16le',
)

const managedPassword = octetTarget({
  name: 'directory/managed-password',
  refusesPrefixes: true,
  seeds: [
    encodeManagedPassword({ current: PASSWORD, queryMs: 86_400_000, unchangedMs: 0 }),
    encodeManagedPassword({ current: 'ab', previous: PASSWORD, queryMs: 1, unchangedMs: 9000 }),
  ],
  decode: decodeManagedPassword,
  check: ({ current, previous }) =>
    current !== '' && previous !== '' ? undefined : 'an empty password',
})

const securityDescriptor = octetTarget({
  name: 'directory/security-descriptor',
  refusesPrefixes: true,
  seeds: DESCRIPTORS.map(({ octets }) => octets),
  decode: decodeSecurityDescriptor,
  encode: encodeSecurityDescriptor,
  check: (descriptor) => (formatSddl(descriptor).includes('undefined') ? 'a hole' : undefined),
})

const servicePrincipalName = textTarget({
  name: 'directory/service-principal-name',
  seeds: ['HTTP/iwa.corp.example@CORP.EXAMPLE', 'MSSQLSvc/db:1433/x'],
  words: ['/', '@', ':', ' ', '//'],
  decode: (text) => [parseSpn(text), nearestSpn('HTTP/iwa.corp.example', [text, text.slice(1)])],
})

const sidText = textTarget({
  name: 'directory/sid-text',
  seeds: ['S-1-5-21-1-2-3-500', 'S-1-0x123456789abc-1'],
  words: ['-', '0x', '4294967295', '4294967296', 'S-1-'],
  decode: encodeSid,
})

const name = textTarget({
  name: 'directory/distinguished-name',
  seeds: ['CN=Smith\\, Ann,OU=Staff,DC=corp,DC=example', 'DC=corp , dc = example'],
  words: [',', '\\', '\\,', 'DC=', ' ', '=', 'dc = a', '+', '"'],
  decode: domainOf,
})

const filter = textTarget({
  name: 'directory/filter',
  seeds: ['alice@corp.example', 'a*(b)\\c', 'S-1-5-21-1-2-3-500'],
  words: ['*', '(', ')', '\\', '\0', '@', '@corp.example', ')(objectClass=*'],
  decode: (value) => accountFilter({ by: 'userPrincipalName', value }, 'corp.example').filter,
  check: (text) =>
    /^(?:\([&|!]|[^()*\\]|\\[0-9a-f]{2}|\(userPrincipalName=\*\)|[()])*$/.test(text) &&
    balanced(text)
      ? undefined
      : 'the value became syntax',
})

/** A fault of a template is the caller's to word, and so no SallyportError. */
function templateOf(source: string): FilterTemplate {
  try {
    return new FilterTemplate(source)
  } catch (error) {
    if (!(error instanceof FilterTemplateFault)) throw error
    throw new SallyportError('ERR_PLATFORM_FUZZ', error.message)
  }
}

const template = textTarget({
  name: 'directory/filter-template',
  seeds: [
    '(&(objectClass=user)(|(employeeID={claim})(mail={claim}@corp.example))(!(cn=a*b)))',
    '(cn=M\\c3\\bcller{claim})',
    '(&(employeeID={claim})(userAccountControl:1.2.840.113556.1.4.803:=2))',
  ],
  words: ['{claim}', '(', ')', '&', '|', '!', '*', '\\2a', '\\ff', '=', ':=', '>='],
  decode: (source) => templateOf(source).fill('*)(cn=*'),
  check: (text) =>
    balanced(text) && text.includes('\\2a\\29\\28cn=\\2a') ? undefined : 'the value became syntax',
})

/** A filter has one outermost pair of brackets, and as many as ours always has. */
function balanced(text: string): boolean {
  let depth = 0
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]
    if (character === '(') depth += 1
    if (character === ')') depth -= 1
    if (depth < 0 || (depth === 0 && index < text.length - 1)) return false
  }
  return depth === 0
}

const entry = octetTarget({
  name: 'directory/account-entry',
  seeds: [
    Buffer.concat([Buffer.from('CN=a,DC=b\nalice\n512\nalice@b\n'), encodeSid('S-1-5-21-1-2-3-4')]),
  ],
  decode: (input) => {
    const octets = Buffer.from(input)
    const parts = octets.toString('latin1').split('\n', 4)
    const [distinguishedName = '', account = '', control = '', upn = ''] = parts
    const objectSid = octets.subarray(parts.join('\n').length + 1)
    return bareAccount({
      distinguishedName,
      text: new Map([
        ['samaccountname', [account]],
        ['useraccountcontrol', [control]],
        ['userprincipalname', upn === '' ? [] : [upn]],
      ]),
      binary: new Map([['objectsid', [objectSid]]]),
    })
  },
})

export const DIRECTORY_TARGETS: readonly Target[] = [
  ...[searchAnswer, bindResponse, managedPassword, sid, sidText, name, filter, template, entry],
  ...[securityDescriptor, servicePrincipalName],
]
