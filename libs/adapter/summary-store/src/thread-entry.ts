import { serveSummaryStore } from './store-thread.ts';

serveSummaryStore();
