-- CreateTable
CREATE TABLE "workflow_checks" (
    "id" BIGSERIAL NOT NULL,
    "checked_at" TIMESTAMPTZ(3) NOT NULL,
    "asked_by" TEXT NOT NULL,
    "open_workflows" INTEGER NOT NULL,
    "without_workflow" INTEGER NOT NULL,
    "without_work" INTEGER NOT NULL,
    "stuck" INTEGER NOT NULL,
    "repaired" INTEGER NOT NULL,

    CONSTRAINT "workflow_checks_pkey" PRIMARY KEY ("id")
);
