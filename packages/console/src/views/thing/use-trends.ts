import { useComputed } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { useWorkspace } from '../../app-context.ts';
import { type TrendSource, Trends } from '../../model/trends.ts';

/** The trends of what is shown, loaded while they are. */
export function useTrends(source: TrendSource): Trends {
  const { connection, isOnline, isVisible } = useWorkspace();
  const isActive = useComputed(() => isOnline.value && isVisible.value);
  const trends = useMemo(() => new Trends(connection, source, isActive), [connection, source, isActive]);
  useEffect(() => {
    trends.start();
    return () => trends.stop();
  }, [trends]);
  return trends;
}
