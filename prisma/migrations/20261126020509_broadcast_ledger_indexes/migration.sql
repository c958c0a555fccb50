-- DropIndex
DROP INDEX "messages_customer_id_planned_at_idx";

-- DropIndex
DROP INDEX "messages_open";

-- CreateIndex
CREATE INDEX "messages_open" ON "messages"("planned_at") WHERE (settled_at IS NULL AND broadcast_id IS NULL);
