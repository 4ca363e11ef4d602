using System;
using Microsoft.Extensions.Time.Testing;

namespace WmProxy.Tests.Relay.Bandwidth;

/// <summary>Time whose timestamps count something else than ticks, to find code that takes them for such.</summary>
internal sealed class OddTimeProvider : FakeTimeProvider
{
    private readonly long _frequency;

    public OddTimeProvider(long frequency) => _frequency = frequency;

    /// <summary>What a clock that jumped is off by, in timestamps.</summary>
    public long Jump { get; set; }

    public override long TimestampFrequency => _frequency;

    public override long GetTimestamp() => (long)((Int128)base.GetTimestamp() * _frequency / TimeSpan.TicksPerSecond) + Jump;
}
