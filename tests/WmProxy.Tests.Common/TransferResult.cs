namespace WmProxy.Tests.Common;

/// <summary>How much was received, its XxHash3 (compare with <see cref="TestData.Hash"/>), and how it ended.</summary>
public readonly record struct TransferResult(long Length, ulong Hash, ReadEnd End)
{
    /// <summary>What an unharmed transfer of test data gives.</summary>
    public static TransferResult Complete(long length, ulong seed = 1) => new(length, TestData.Hash(length, seed), ReadEnd.Fin);
}
