using System;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.Relay.Portable;

/// <summary>
/// The engine that runs everywhere: two asynchronous pumps a connection on .NET's sockets, with direct calls on Linux. Figures, and why it
/// is made so, are in <c>docs/performance.md</c>.
/// </summary>
internal sealed class PortableRelayEngine : IRelayEngine
{
    private readonly bool _directCalls;

    public PortableRelayEngine()
        : this(directCalls: OperatingSystem.IsLinux())
    {
    }

    // For tests: the way of other operating systems, on Linux.
    internal PortableRelayEngine(bool directCalls) => _directCalls = directCalls;

    public string Name => "portable";

    public async ValueTask<ConnectionEndReason> RelayAsync(RelaySession session)
    {
        var up = PumpAsync(session, RelayDirection.Up, session.Client, session.Upstream);
        await PumpAsync(session, RelayDirection.Down, session.Upstream, session.Client);
        await up;

        var reason = session.EndReason;
        if (reason == ConnectionEndReason.None)
        {
            session.Record(ConnectionEndReason.Completed);
            reason = session.EndReason;
        }

        if (reason != ConnectionEndReason.Completed)
        {
            session.AbortBoth();
        }

        // After an abort too: a TLS session has more to let go of than its socket.
        await session.Client.DisposeAsync();
        await session.Upstream.DisposeAsync();

        return reason;
    }

    private async Task PumpAsync(RelaySession session, RelayDirection direction, TransportStream from, TransportStream to)
    {
        var status = PumpStatus.ReadFailed;
        DirectPump? pump = null;
        try
        {
            // What was read while the connection was being decided on goes first.
            if (!from.Buffered.IsEmpty)
            {
                status = PumpStatus.WriteFailed;
                await SendBufferedAsync(session, direction, from, to);
            }

            status = PumpStatus.ReadFailed;
            pump = CreateDirectPump(session, direction, from, to);
            if (pump is null || !OperatingSystem.IsLinux())
            {
                status = await StreamPump.RunAsync(session, direction, from, to, LimiterOf(session, direction));
            }
            else
            {
                // A client has most likely sent something while the destination was dialled; a destination most likely has not. Awaited here
                // rather than in the pump: one state machine less for each direction of each idle connection.
                status = direction == RelayDirection.Up ? pump.Move() : PumpStatus.NeedsRead;
                while (true)
                {
                    if (status == PumpStatus.NeedsRead)
                    {
                        await pump.From.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
                    }
                    else if (status == PumpStatus.NeedsWrite)
                    {
                        await pump.SendUnsentAsync();
                    }
                    else if (status == PumpStatus.Yield)
                    {
                        await Task.Yield();
                    }
                    else
                    {
                        break;
                    }

                    status = pump.Move();
                }
            }

            var opposite = direction == RelayDirection.Up ? RelayDirection.Down : RelayDirection.Up;
            if (status == PumpStatus.EndOfStream
                && (session.EndReason != ConnectionEndReason.None || (session.IsWriting(opposite) && from.IsResetBehindEnd)))
            {
                status = PumpStatus.ReadFailed;
            }

            if (status == PumpStatus.EndOfStream)
            {
                status = PumpStatus.WriteFailed;
                var isLast = session.DirectionEnded();
                if (!isLast || to.RawSocket is null)
                {
                    await to.CompleteWritesAsync(CancellationToken.None);
                }

                // The close that follows the last end sends the FIN of a plain socket.
                return;
            }
        }
        catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The status says which side it was; a pump's, what it waited for.
            status = status is PumpStatus.NeedsWrite or PumpStatus.WriteFailed ? PumpStatus.WriteFailed : PumpStatus.ReadFailed;
        }
        finally
        {
            if (OperatingSystem.IsLinux())
            {
                pump?.Dispose();
            }
        }

        var failedSideIsClient = (status == PumpStatus.ReadFailed) == (direction == RelayDirection.Up);
        session.Record(failedSideIsClient ? ConnectionEndReason.ClientReset : ConnectionEndReason.UpstreamReset);
        if (status == PumpStatus.ReadFailed)
        {
            // Everything that came before the failure has been read; the other side must see it as a failure.
            session.AbortBoth();
        }

        // After a failed write the failed side may still hold bytes that it sent before: its own pump delivers them, then meets the failure.
    }

    private static async ValueTask SendBufferedAsync(RelaySession session, RelayDirection direction, TransportStream from, TransportStream to)
    {
        var buffered = from.Buffered;
        session.Writing(direction);
        await to.WriteAsync(buffered, CancellationToken.None);
        session.Written(direction);
        session.AddBytes(direction, buffered.Length);
        from.Consume(buffered.Length);
    }

    private static BandwidthLimiter? LimiterOf(RelaySession session, RelayDirection direction) =>
        direction == RelayDirection.Up ? session.Bandwidth?.Upload : session.Bandwidth?.Download;

    private DirectPump? CreateDirectPump(RelaySession session, RelayDirection direction, TransportStream from, TransportStream to)
    {
        return _directCalls && OperatingSystem.IsLinux() && LimiterOf(session, direction) is null && from.RawSocket is { } source && to.RawSocket is { } target
            ? new DirectPump(session, direction, source, target)
            : null;
    }
}
