/**
 * The long-term keys of our own principal, wherever they come from.
 *
 * @module
 */

import { JoinedKeys } from './joined-keys.ts'
import { KeytabKeys } from './keytab-keys.ts'
import type { ClientIdentity, KeyOwner, OwnKeys, OwnSecrets } from './own-secrets.ts'
import { PasswordKeys } from './password-keys.ts'
import { TicketKeys } from './ticket-keys.ts'

export type { ClientIdentity, OwnKeys } from './own-secrets.ts'

/**
 * The keys of an identity as they are now.
 *
 * @param identity - Who we are.
 * @returns Its keys.
 * @throws KerberosError ERR_KRB_NO_KEY when the keytab has none for the principal, ERR_KRB_CCACHE for another's ticket.
 */
export function ownKeys(identity: ClientIdentity): OwnKeys {
  return keysOf(identity, secretsOf(identity))
}

/**
 * The secrets of an identity as they are now.
 *
 * @param identity - Who we are.
 * @returns Its secrets.
 */
export function secretsOf({ keys }: ClientIdentity): OwnSecrets {
  return 'refresh' in keys ? keys.secrets : keys
}

function keysOf(owner: KeyOwner, secrets: OwnSecrets): OwnKeys {
  if ('password' in secrets) return new PasswordKeys(owner, secrets)
  if ('tgt' in secrets) return new TicketKeys(owner, secrets)
  if (!('inOrder' in secrets)) return new KeytabKeys(owner, secrets)
  return new JoinedKeys(
    owner,
    secrets.inOrder.map((part) => keysOf(owner, part)),
  )
}
