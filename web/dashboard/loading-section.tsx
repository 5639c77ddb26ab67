import { useTexts } from '../ui/language.tsx'
import { Skeleton } from '../ui/notice.tsx'

/** The shape of what is coming. */
export function LoadingSection() {
  const texts = useTexts()
  return (
    <div class="stack" aria-busy="true">
      <span class="visually-hidden" role="status">
        {texts.common.loading}
      </span>
      <Skeleton width="9rem" height={36} />
      <Skeleton width="100%" height={112} />
      <div class="lights">
        {[1, 2, 3, 4].map((n) => (
          <Skeleton key={n} width="100%" height={104} />
        ))}
      </div>
      <Skeleton width="100%" height={260} />
    </div>
  )
}
