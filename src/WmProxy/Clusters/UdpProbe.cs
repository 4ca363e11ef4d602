using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connectors;

namespace WmProxy.Clusters;

/// <summary>
/// Probes a UDP destination by a datagram. Where an answer is expected, it decides; otherwise only ICMP port unreachable tells that nobody listens, and
/// silence counts as health, since many servers answer nothing but what they understand.
/// </summary>
internal sealed class UdpProbe
{
    // How long nobody has to say that nobody listens.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    private readonly AddressResolver _resolver;
    private readonly TimeProvider _timeProvider;

    public UdpProbe(AddressResolver resolver, TimeProvider timeProvider) => (_resolver, _timeProvider) = (resolver, timeProvider);

    /// <inheritdoc cref="StreamProbe.ProbeAsync"/>
    public async Task<string?> ProbeAsync(DestinationAddress address, ProbeDialogue dialogue, CancellationToken cancellationToken)
    {
        var endPoint = address.EndPoint;
        if (endPoint is null)
        {
            var name = await _resolver.ResolveAsync(address.Host, cancellationToken);
            if (name.Addresses is not [var first, ..])
            {
                return $"{address.Host}: {name.Error}";
            }

            endPoint = new IPEndPoint(first, address.Port);
        }

        try
        {
            using var socket = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            await socket.ConnectAsync(endPoint, cancellationToken);
            await socket.SendAsync(dialogue.Send, cancellationToken);
            return dialogue.Expect.IsEmpty
                ? await ListenAsync(socket, cancellationToken)
                : await ExpectAsync(socket, dialogue.Expect, cancellationToken);
        }
        catch (SocketException ex) when (ex.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset)
        {
            return $"nobody listens at {endPoint} (ICMP port unreachable)";
        }
        catch (SocketException ex)
        {
            return ex.Message;
        }
    }

    private async Task<string?> ListenAsync(Socket socket, CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(Silence, _timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        try
        {
            await socket.ReceiveAsync(new byte[ProbeDialogue.MaxAnswerLength], either.Token);
        }
        catch (SocketException ex) when (ex.SocketErrorCode == SocketError.MessageSize)
        {
            // An answer, and a long one.
        }
        catch (OperationCanceledException)
        {
            // Silence, for this time or for all that the probe has.
        }

        return null;
    }

    private static async Task<string?> ExpectAsync(Socket socket, ReadOnlyMemory<byte> expected, CancellationToken cancellationToken)
    {
        var answer = new byte[ushort.MaxValue];
        var hasAnswered = false;
        while (true)
        {
            try
            {
                var count = await socket.ReceiveAsync(answer, cancellationToken);
                if (answer.AsSpan(0, Math.Min(count, ProbeDialogue.MaxAnswerLength)).IndexOf(expected.Span) >= 0)
                {
                    return null;
                }

                hasAnswered = true;
            }
            catch (OperationCanceledException) when (hasAnswered)
            {
                return "it answers, but not with what is expected";
            }
        }
    }
}
