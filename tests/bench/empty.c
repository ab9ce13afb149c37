/* The floor: what any program costs that is started and ends. */
int main(void)
{
	return 0;
}
