using System.Numerics;

namespace WmProxy.Native;

/// <summary>What became of the datagrams of a <see cref="DatagramBatch"/> that were to be sent.</summary>
internal struct DatagramsSent
{
    private ulong _failed;

    /// <summary>Whether the socket's peer cannot be reached, as far as earlier datagrams have brought up by now.</summary>
    public bool IsUnreachable { get; set; }

    /// <summary>How many the system did not take.</summary>
    public readonly int Failed => BitOperations.PopCount(_failed);

    /// <summary>Whether the system did not take the one at <paramref name="index"/>.</summary>
    public readonly bool HasFailed(int index) => (_failed & (1UL << index)) != 0;

    public void AddFailed(int index) => _failed |= 1UL << index;
}
