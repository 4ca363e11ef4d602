using System;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connectors;
using WmProxy.Connections;

namespace WmProxy.Clusters;

/// <summary>Probes a destination by connecting to it, or by a datagram, and by a word and an answer where they are configured.</summary>
internal sealed class StreamProbe
{
    private const int WayAttempts = 3;

    // Of each parent on the way; the probe's own time limit is the cluster's.
    private static readonly TimeSpan WayTimeout = TimeSpan.FromSeconds(5);

    private readonly ConnectorTable _connectors;
    private readonly UdpProbe _udp;
    private readonly Lazy<IClusterDialer> _dialer;

    public StreamProbe(ConnectorTable connectors, UdpProbe udp, Lazy<IClusterDialer> dialer) => (_connectors, _udp, _dialer) = (connectors, udp, dialer);

    /// <summary>Probes once; the time limit is the caller's.</summary>
    /// <returns>What is wrong, or <see langword="null"/> when the destination is well.</returns>
    public async Task<string?> ProbeAsync(ProbeRequest request, CancellationToken cancellationToken)
    {
        var (address, dialogue) = (request.Address, request.Dialogue);
        if (address.Scheme == DestinationAddress.UdpScheme)
        {
            return await _udp.ProbeAsync(address, dialogue, cancellationToken);
        }

        if (!_connectors.TryGet(address.Scheme, out var connector))
        {
            return $"nothing here dials '{address.Scheme}'";
        }

        var way = default(DialResult);
        if (request.Via is { } via)
        {
            way = await _dialer.Value.DialAsync(
                new DialRequest { ClusterId = via, ConnectTimeout = WayTimeout, ConnectAttempts = WayAttempts, Target = ClusterVia.TargetOf(address), Hops = 1 }, cancellationToken);
            if (!way.IsConnected)
            {
                return $"via cluster '{via}': {way.Error}";
            }
        }

        using var lease = way.Lease;
        var result = await connector.ConnectAsync(new ConnectRequest { Address = address, Tls = request.Tls, Through = way.Stream }, cancellationToken);
        if (!result.IsConnected)
        {
            return result.Error;
        }

        await using var stream = result.Stream;
        try
        {
            if (!dialogue.Send.IsEmpty)
            {
                await stream.WriteAsync(dialogue.Send, cancellationToken);
            }

            return dialogue.Expect.IsEmpty ? null : await ExpectAsync(stream, dialogue.Expect, cancellationToken);
        }
        catch (Exception ex) when (ex is IOException or SocketException)
        {
            return ex.Message;
        }
    }

    private static async ValueTask<string?> ExpectAsync(TransportStream stream, ReadOnlyMemory<byte> expected, CancellationToken cancellationToken)
    {
        while (stream.Buffered.Span.IndexOf(expected.Span) < 0)
        {
            if (stream.Buffered.Length == ProbeDialogue.MaxAnswerLength)
            {
                return $"the first {ProbeDialogue.MaxAnswerLength} bytes of the answer are not what is expected";
            }

            if (await stream.FillBufferAsync(ProbeDialogue.MaxAnswerLength, cancellationToken) == 0)
            {
                return $"it closed the connection after {stream.Buffered.Length} bytes that are not what is expected";
            }
        }

        return null;
    }
}
