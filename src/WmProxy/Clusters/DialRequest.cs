using System;
using System.Net;
using WmProxy.Connections;
using WmProxy.Connectors;

namespace WmProxy.Clusters;

/// <summary>What to dial, for whom, and how patiently.</summary>
internal readonly struct DialRequest
{
    /// <summary>The cluster in YARP's state.</summary>
    public required string ClusterId { get; init; }

    /// <summary>The client's address, for policies that look at it; <see langword="null"/> on a Unix domain socket.</summary>
    public IPAddress? ClientAddress { get; init; }

    /// <summary>The time limit of one attempt.</summary>
    public required TimeSpan ConnectTimeout { get; init; }

    /// <summary>How many destinations are tried at most; at least 1. None is tried twice while another is left.</summary>
    public required int ConnectAttempts { get; init; }

    /// <inheritdoc cref="ConnectRequest.Beside"/>
    public TransportStream? Beside { get; init; }

    /// <inheritdoc cref="ConnectRequest.SparesReserve"/>
    public bool SparesReserve { get; init; }

    /// <inheritdoc cref="ConnectRequest.Target"/>
    public ForwardTarget? Target { get; init; }

    /// <summary>Without a <see cref="Target"/>: a parent proxy is only greeted, and what it is asked for then is the caller's affair (UDP ASSOCIATE).</summary>
    public bool GreetsOnly { get; init; }

    /// <summary>How many clusters lead on to this one by <see cref="ClusterVia"/>.</summary>
    public int Hops { get; init; }

    /// <summary>Bytes to send first on the connection that succeeds, before TLS too: a PROXY header.</summary>
    public ReadOnlyMemory<byte> Preface { get; init; }
}
