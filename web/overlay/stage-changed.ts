/** What the preview says to the dashboard around it when an alert comes or is called off. It tells nothing of the alert. */
export const STAGE_CHANGED = 'chatfolk.stage-changed'
