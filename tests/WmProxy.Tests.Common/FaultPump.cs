using System;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Tests.Common;

/// <summary>One direction of one connection through a <see cref="FaultInterposer"/>.</summary>
internal sealed class FaultPump
{
    private readonly RawConnection _from;
    private readonly RawConnection _to;
    private readonly FaultSwitch _switch;
    private bool _ended;

    public FaultPump(RawConnection from, RawConnection to, FaultSwitch mode)
    {
        _from = from;
        _to = to;
        _switch = mode;
    }

    /// <summary>Does what cannot wait until the next byte comes.</summary>
    public void OnModeChanged()
    {
        switch (_switch.Mode)
        {
            case FaultMode.Reset:
                _from.Reset();
                _to.Reset();
                break;
            case FaultMode.HalfClose:
                End();
                break;
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (true)
            {
                await FlowAsync(cancellationToken);
                var count = await _from.Socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
                var mode = await FlowAsync(cancellationToken);
                if (count == 0)
                {
                    if (mode is FaultMode.Drop)
                    {
                        // The end is lost as well, until the connection is torn down.
                        await Task.Delay(Timeout.Infinite, cancellationToken);
                    }

                    End();
                    return;
                }

                await PassAsync(buffer.AsMemory(0, count), mode, cancellationToken);
            }
        }
        catch (SocketException)
        {
            if (_switch.Mode is not FaultMode.Drop)
            {
                _from.Reset();
                _to.Reset();
            }
        }
        catch (Exception ex) when (ex is ObjectDisposedException or OperationCanceledException)
        {
            // Reset by the other direction, or the interposer is disposed.
        }
    }

    private async Task PassAsync(ReadOnlyMemory<byte> data, FaultMode mode, CancellationToken cancellationToken)
    {
        while (!data.IsEmpty && mode is FaultMode.Pass or FaultMode.Dribble && !_ended)
        {
            var piece = mode is FaultMode.Dribble ? data[..1] : data;
            data = data[await _to.Socket.SendAsync(piece, SocketFlags.None, cancellationToken)..];
            await Task.Yield();
            mode = await FlowAsync(cancellationToken);
        }
    }

    /// <summary>Waits while the mode is to stall.</summary>
    private async Task<FaultMode> FlowAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (mode, changed) = _switch.Read();
            if (mode is not FaultMode.Stall)
            {
                return mode;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private void End()
    {
        try
        {
            _ended = true;
            _to.HalfClose();
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // Already gone.
        }
    }
}
