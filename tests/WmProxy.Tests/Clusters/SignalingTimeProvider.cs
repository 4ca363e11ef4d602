using System;
using System.Threading;
using Microsoft.Extensions.Time.Testing;

namespace WmProxy.Tests.Clusters;

/// <summary>Fake time that tells when somebody begins to wait.</summary>
internal sealed class SignalingTimeProvider : FakeTimeProvider
{
    /// <summary>Released for each timer that is created.</summary>
    public SemaphoreSlim TimerCreated { get; } = new(0);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        TimerCreated.Release();
        return timer;
    }
}
