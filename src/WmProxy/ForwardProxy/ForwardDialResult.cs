using System;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using WmProxy.Clusters;
using WmProxy.Connections;
using WmProxy.ForwardProxy.Access;

namespace WmProxy.ForwardProxy;

/// <summary>A connection to where a client wants to go, or why there is none.</summary>
internal readonly struct ForwardDialResult : IDisposable
{
    /// <summary>The connection, owned by the caller.</summary>
    public TransportStream? Stream { get; init; }

    /// <summary>The rule that allowed it.</summary>
    public ForwardRule? Rule { get; init; }

    /// <summary>The address that was dialled; <see langword="null"/> where a parent is in between.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>The place in a parent's count; <see langword="null"/> where no parent is in between. The caller disposes it when the connection has ended.</summary>
    public DestinationLease? Lease { get; init; }

    /// <summary>Why there is none.</summary>
    public ForwardRefusal Refusal { get; init; }

    /// <summary>What is recorded of it.</summary>
    public ConnectionEndReason Failure { get; init; }

    /// <summary>What went wrong, in words for a log; nothing of it is for the client.</summary>
    public string? Error { get; init; }

    [MemberNotNullWhen(true, nameof(Stream), nameof(Rule))]
    public bool IsConnected => Stream is not null;

    public static ForwardDialResult Refused(ForwardRefusal refusal, ConnectionEndReason failure, string? error) =>
        new() { Refusal = refusal, Failure = failure, Error = error };

    public void Dispose()
    {
        Stream?.Dispose();
        Lease?.Dispose();
    }
}
