/**
 * How a connector is registered, wherever that is the mend.
 *
 * @module
 */

import { shellWord } from '../platform/index.ts'
import type { Mend } from './check.ts'

/**
 * Commands that register.
 *
 * @param stateDirectory - Where the registration goes.
 * @param how - `anew` replaces what is there (`--force`); `first` is for a directory that holds no file of a registration.
 * @returns The mend.
 */
export function registerMend(stateDirectory: string, how: 'first' | 'anew'): Mend {
  const force = how === 'anew' ? '--force ' : ''
  return {
    text: 'Create a token at the gateway, bring it here, and register.',
    shell: [
      'sallyport tokens create --config gateway.yaml --group default > token.txt',
      `sallyport connector register ${force}--state ${shellWord(stateDirectory)} --token-file token.txt`,
    ].join('\n'),
  }
}
