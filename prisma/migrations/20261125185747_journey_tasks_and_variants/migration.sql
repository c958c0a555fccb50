-- CreateTable
CREATE TABLE "tasks" (
    "id" UUID NOT NULL,
    "customer_id" UUID NOT NULL,
    "journey" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    "entry_number" INTEGER NOT NULL,
    "title" TEXT NOT NULL,
    "outcomes" TEXT[],
    "status" TEXT NOT NULL DEFAULT 'open',
    "outcome" TEXT,
    "note" TEXT,
    "assignee" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),
    "closed_by" TEXT,

    CONSTRAINT "tasks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "experiment_assignments" (
    "customer_id" UUID NOT NULL,
    "experiment" TEXT NOT NULL,
    "variant" TEXT NOT NULL,
    "assigned_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "experiment_assignments_pkey" PRIMARY KEY ("customer_id","experiment")
);

-- CreateIndex
CREATE INDEX "tasks_open" ON "tasks"("due_at", "id") WHERE (status = 'open');

-- CreateIndex
CREATE INDEX "tasks_customer_id_created_at_idx" ON "tasks"("customer_id", "created_at");

-- CreateIndex
CREATE INDEX "experiment_assignments_experiment_variant_idx" ON "experiment_assignments"("experiment", "variant");
