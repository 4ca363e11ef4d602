using System;
using System.Threading;
using Microsoft.Extensions.ObjectPool;

namespace WmProxy.Clusters;

/// <summary>Lends cancellation sources for single connection attempts; one that did not fire is used again.</summary>
internal sealed class ConnectDeadlines
{
    private const int MaxRetained = 256;

    private readonly DefaultObjectPool<CancellationTokenSource> _pool;

    public ConnectDeadlines(TimeProvider timeProvider) =>
        _pool = new DefaultObjectPool<CancellationTokenSource>(new Policy(timeProvider), MaxRetained);

    public CancellationTokenSource Rent() => _pool.Get();

    /// <summary>Takes a source back. Nothing may use its token any more.</summary>
    public void Return(CancellationTokenSource deadline) => _pool.Return(deadline);

    private sealed class Policy : PooledObjectPolicy<CancellationTokenSource>
    {
        private readonly TimeProvider _timeProvider;

        public Policy(TimeProvider timeProvider) => _timeProvider = timeProvider;

        public override CancellationTokenSource Create() => new(Timeout.InfiniteTimeSpan, _timeProvider);

        public override bool Return(CancellationTokenSource obj)
        {
            if (obj.TryReset())
            {
                return true;
            }

            obj.Dispose();
            return false;
        }
    }
}
