using System;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>
/// One direction of a game: so many packets a second for each player, the players one after the other as they would be by chance. On a machine that does
/// not keep up it goes slower, rather than losing in the system's buffers what no program could have saved.
/// </summary>
internal sealed class GameTraffic
{
    public const int Players = 1000;
    public const int PacketsEach = 90;

    private const int PacketsPerSecond = 30;
    private const int Slots = 40;

    // Well below what a receive buffer of the usual 208 KiB holds: with what the system adds to it, each packet takes about 1.3 KiB there.
    private const int MaxUnderWay = 100;

    private readonly int[] _next = new int[Players];
    private readonly ulong _sender;
    private int _sent;
    private int _received;

    public GameTraffic(ulong sender) => _sender = sender;

    public bool IsComplete => Volatile.Read(ref _received) == Players * PacketsEach;

    /// <summary>What came that should not have come, or not then.</summary>
    public ConcurrentQueue<string> Failures { get; } = new();

    /// <summary>Sends all, with <paramref name="send"/>.</summary>
    public async Task SendAsync(Action<int, byte[]> send)
    {
        var packet = new byte[GamePacket.Length];
        var clock = Stopwatch.StartNew();
        using var over = new CancellationTokenSource(Deadline.Bulk);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        for (var slot = 0; slot < PacketsEach * Slots; slot++)
        {
            var due = TimeSpan.FromSeconds((double)slot / Slots / PacketsPerSecond);
            while (clock.Elapsed < due || Volatile.Read(ref _sent) - Volatile.Read(ref _received) > MaxUnderWay)
            {
                if (!Failures.IsEmpty)
                {
                    return;
                }

                await timer.WaitForNextTickAsync(over.Token);
            }

            for (var player = slot % Slots; player < Players; player += Slots)
            {
                GamePacket.Write(packet, _sender, player, slot / Slots);
                send(player, packet);
                Interlocked.Increment(ref _sent);
            }
        }
    }

    /// <summary>Takes a packet that should be the next one of <paramref name="player"/>.</summary>
    public void Received(int player, ReadOnlySpan<byte> packet)
    {
        if (GamePacket.Check(packet, _sender, player, _next[player]++) is { } failure)
        {
            Failures.Enqueue(failure);
        }

        Interlocked.Increment(ref _received);
    }

    public override string ToString() =>
        $"{_received} of {_sent} packets arrived; {string.Join("; ", Failures.Take(5))}; not all of players "
        + string.Join(", ", Enumerable.Range(0, Players).Where(player => _next[player] < PacketsEach).Take(20));
}
