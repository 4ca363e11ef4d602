using System;
using System.Collections.Generic;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Tests.Common;

/// <summary>What a <see cref="ScriptedPeer"/> does with a connection, step by step. After the last step it closes.</summary>
public sealed class PeerScript
{
    private readonly List<Func<RawConnection, CancellationToken, Task>> _steps = [];

    /// <summary>Receives exactly <paramref name="count"/> bytes.</summary>
    public PeerScript Read(int count) => Then((connection, _) => connection.ReadExactlyAsync(count));

    /// <summary>Receives up to and with <paramref name="delimiter"/>, for example the empty line after an HTTP head.</summary>
    public PeerScript ReadUntil(string delimiter) => Then((connection, _) => connection.ReadUntilAsync(delimiter));

    /// <summary>Receives until the client ends its direction.</summary>
    public PeerScript ReadToEnd() => Then((connection, token) => connection.DrainAsync(token));

    public PeerScript Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    public PeerScript Write(byte[] data) => Then((connection, _) => connection.SendAsync(data));

    /// <summary>Sends byte by byte.</summary>
    public PeerScript Dribble(string text) => Then((connection, _) => connection.DribbleAsync(Encoding.UTF8.GetBytes(text)));

    /// <summary>Sends test data.</summary>
    public PeerScript WriteTestData(long length, ulong seed = 1) => Then((connection, token) => connection.SendTestDataAsync(length, seed, token));

    /// <summary>Ends its own direction.</summary>
    public PeerScript HalfClose() => Then((connection, _) =>
    {
        connection.HalfClose();
        return Task.CompletedTask;
    });

    /// <summary>Resets the connection.</summary>
    public PeerScript Reset() => Then((connection, _) =>
    {
        connection.Reset();
        return Task.CompletedTask;
    });

    /// <summary>Neither reads nor writes until the peer is disposed.</summary>
    public PeerScript Stall() => Then((_, token) => Task.Delay(Timeout.Infinite, token));

    /// <summary>Waits for <paramref name="signal"/>, which the test completes.</summary>
    public PeerScript WaitFor(Task signal) => Then((_, token) => signal.WaitAsync(token));

    public PeerScript Then(Func<RawConnection, CancellationToken, Task> step)
    {
        _steps.Add(step);
        return this;
    }

    internal async Task RunAsync(RawConnection connection, CancellationToken cancellationToken)
    {
        foreach (var step in _steps)
        {
            await step(connection, cancellationToken);
        }
    }
}
