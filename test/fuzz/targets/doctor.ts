/** What doctor reads of others: texts that may hold secrets. */

import { redactor } from '../../../src/doctor/bundle/redact.ts'
import { textTarget, type Target } from '../target.ts'

const SECRET = 'S3cr3t-of-mine'
const clean = redactor({ secrets: [SECRET], paths: ['/etc/sallyport/connector.keytab'] })

const redact = textTarget({
  name: 'doctor/redact',
  seeds: [
    `password: ${SECRET}\nAuthorization: Negotiate YIIabcdefgh\nhttps://user:pw@host/ /etc/sallyport/connector.keytab`,
    'token eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln and -----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----',
  ],
  words: [
    ...['eyJ', '-eyJ', 'eyJhbGci.', 'a.', '://', 'a://', '@', 'password', 'secret = ', 'cookie: '],
    ...['-----BEGIN PRIVATE KEY-----', '-----END ', 'PRIVATE ', 'negotiate ', '"', ' ', ':'],
  ],
  // A report holds no text that is longer by far.
  maxOctets: 32_768,
  decode: (text) => clean(text),
  check: (text) => (text.includes(SECRET) ? 'a secret is left' : undefined),
})

export const DOCTOR_TARGETS: readonly Target[] = [redact]
