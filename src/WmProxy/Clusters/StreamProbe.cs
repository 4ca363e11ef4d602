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
    private readonly ConnectorTable _connectors;
    private readonly UdpProbe _udp;

    public StreamProbe(ConnectorTable connectors, UdpProbe udp) => (_connectors, _udp) = (connectors, udp);

    /// <summary>Probes once; the time limit is the caller's.</summary>
    /// <returns>What is wrong, or <see langword="null"/> when the destination is well.</returns>
    public async Task<string?> ProbeAsync(DestinationAddress address, ProbeDialogue dialogue, TlsClientOptions tls, CancellationToken cancellationToken)
    {
        if (address.Scheme == DestinationAddress.UdpScheme)
        {
            return await _udp.ProbeAsync(address, dialogue, cancellationToken);
        }

        if (!_connectors.TryGet(address.Scheme, out var connector))
        {
            return $"nothing here dials '{address.Scheme}'";
        }

        var result = await connector.ConnectAsync(new ConnectRequest { Address = address, Tls = tls }, cancellationToken);
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
