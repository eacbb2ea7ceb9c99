/** A real Chromium, headless, and how a person signs in with it at the lab's provider. */

import { chromium, type Browser, type Page } from 'playwright-core'

/** Debian's. */
export const CHROMIUM = '/usr/bin/chromium'

/** Why a suite is left out without it; node's reporter prints it. */
export const NO_CHROMIUM: string = `no ${CHROMIUM}: install Debian's package chromium`

/** Without these a headless Chromium as root tries to reach its maker's hosts. */
export const QUIET: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts one. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: [...QUIET] })
}

/**
 * Fills the provider's page in and waits for the application's.
 *
 * @param page - At the provider.
 * @param person - Login and password.
 * @param url - The application's page.
 */
export async function signInOnPage(
  page: Page,
  person: { readonly login: string; readonly password: string },
  url: string,
): Promise<void> {
  await page.locator('input:not([type=hidden]):not([type=password])').first().fill(person.login)
  await page.locator('input[type=password]').fill(person.password)
  await Promise.all([page.waitForURL(url), page.keyboard.press('Enter')])
}
