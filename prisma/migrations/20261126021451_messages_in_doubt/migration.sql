-- CreateIndex
CREATE INDEX "messages_in_doubt" ON "messages"("transmitting_at") WHERE (status = 'in_doubt');
