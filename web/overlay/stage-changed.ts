/**
 * What the preview says to the dashboard around it when an alert comes or is called off. It tells nothing of the alert.
 * A type alone: as a value it would become a file of its own, loaded by both pages.
 */
export type StageChanged = 'chatfolk.stage-changed'
