import { AuthErrorNotice } from '../ui/auth-error.tsx'
import { useSession } from './session.ts'

/** The page came back from Twitch or DonationAlerts without success: said until it is closed. */
export function FailedSignIn() {
  const { authFailure } = useSession()
  const failure = authFailure.value
  return failure && <AuthErrorNotice failure={failure} onClose={() => (authFailure.value = null)} />
}
